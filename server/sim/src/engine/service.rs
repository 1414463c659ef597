//! The engine behind the routes: who it is, what it admits, what it generates.

use std::{fmt::Write, sync::Arc};

use axum::http::HeaderMap;
use futures::stream::BoxStream;
use tokio::sync::Semaphore;

use super::{
    KnobsHandle, SeenRequest, SimOptions, SimStats,
    errors::ApiError,
    generation::{self, Batch, Broken},
    metrics::Metrics,
    quirks::Quirks,
    script::{Script, Task},
    stats::Board,
    ticket::Ticket,
};

/// Characters that one token can stand for at most: prompts beyond that are refused uncounted.
const CHARACTERS_PER_TOKEN: u64 = 64;

/// What every route works with. Cheap to clone.
#[derive(Clone)]
pub(super) struct Engine(Arc<Shared>);

struct Shared {
    options: SimOptions,
    quirks: Quirks,
    knobs: KnobsHandle,
    board: Arc<Board>,
    metrics: Arc<Metrics>,
    slots: Arc<Semaphore>,
}

/// The output that a request asks for, with the field it used.
#[derive(Clone, Copy, Debug)]
pub(super) struct AskedOutput {
    pub field: &'static str,
    pub tokens: i64,
}

impl Engine {
    pub(super) fn new(options: SimOptions, knobs: KnobsHandle, board: Arc<Board>) -> Self {
        Self(Arc::new(Shared {
            quirks: options.version.into(),
            metrics: Arc::new(Metrics::new(&options.model, options.data_parallel_size)),
            slots: Arc::new(Semaphore::new(options.max_running.min(Semaphore::MAX_PERMITS))),
            options,
            knobs,
            board,
        }))
    }

    pub(super) fn model(&self) -> &str {
        &self.0.options.model
    }

    pub(super) fn takes_audio(&self) -> bool {
        self.0.options.audio
    }

    pub(super) fn window(&self) -> u64 {
        self.0.options.max_model_len
    }

    pub(super) fn version(&self) -> &'static str {
        self.0.options.version.as_str()
    }

    pub(super) fn quirks(&self) -> Quirks {
        self.0.quirks
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(super) fn knobs(&self) -> &KnobsHandle {
        &self.0.knobs
    }

    pub(super) fn stats(&self) -> SimStats {
        *self.0.board.watch().borrow()
    }

    pub(super) fn keeps_requests(&self) -> bool {
        self.0.options.keep_requests > 0
    }

    pub(super) fn keep(&self, request: SeenRequest) {
        self.0.board.keep(request);
    }

    pub(super) fn count_connection(&self) {
        self.0.board.count(|stats| stats.connections += 1);
    }

    /// Seconds since 1970, for `created`.
    pub(super) fn created(&self) -> i64 {
        self.0.options.clock.now().0 / 1000
    }

    /// The build that answers, as newer versions say it.
    pub(super) fn fingerprint(&self) -> Option<String> {
        self.quirks()
            .newer_fields
            .then(|| format!("vllm-{}-simulated", self.version()))
    }

    /// `N` random bytes as hexadecimal digits.
    pub(super) fn hex<const N: usize>(&self) -> String {
        let mut text = String::with_capacity(2 * N);
        for byte in self.0.options.entropy.bytes::<N>() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// The id of an answer: the caller's own request id, or a random one.
    pub(super) fn answer_id(&self, prefix: &str, headers: &HeaderMap) -> String {
        let own = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        match own {
            Some(id) => format!("{prefix}-{id}"),
            None => format!("{prefix}-{}", self.hex::<8>()),
        }
    }

    /// Takes a request in, unless a refusal is set.
    pub(super) fn admit(&self) -> Result<(), ApiError> {
        match self.0.knobs.take_refusal() {
            Some(status) => Err(ApiError::refusal(status)),
            None => Ok(()),
        }
    }

    /// Checks the model that a request names, if it names one.
    pub(super) fn check_model(&self, asked: Option<&str>) -> Result<(), ApiError> {
        match asked {
            Some(asked) if asked != self.model() => Err(ApiError::unknown_model(asked, self.model(), self.quirks())),
            _ => Ok(()),
        }
    }

    /// How many tokens a prompt leaves for the answer, and at most as many as were asked for.
    ///
    /// The wordings are those of vLLM's `renderers/params.py`.
    pub(super) fn fit(&self, characters: u64, prompt: u64, asked: Option<AskedOutput>) -> Result<u64, ApiError> {
        let window = self.window();
        let output = asked.map(|asked| self.check_output(asked)).transpose()?;
        let start = format!("This model's maximum context length is {window} tokens. However, ");
        let most = window * CHARACTERS_PER_TOKEN;
        if characters > most {
            return Err(too_long(
                format!(
                    "{start}your prompt contains {characters} characters (more than {most} characters, which is the \
                     upper bound for {window} input tokens). Please reduce the length of the input prompt."
                ),
                "input_text",
                characters,
            ));
        }
        if self.quirks().shortens_output {
            if prompt >= window {
                let least = window + 1;
                return Err(too_long(
                    format!(
                        "{start}your prompt contains at least {least} input tokens, which exceeds this limit even \
                         without any output tokens. Please reduce the length of the input prompt."
                    ),
                    "input_tokens",
                    least,
                ));
            }
            return Ok(output.unwrap_or(u64::MAX).min(window - prompt));
        }
        let wanted = output.unwrap_or(0);
        if prompt + wanted > window || prompt >= window {
            let least = window - wanted + 1;
            let total = least + wanted;
            return Err(too_long(
                format!(
                    "{start}you requested {wanted} output tokens and your prompt contains at least {least} input \
                     tokens, for a total of at least {total} tokens. Please reduce the length of the input prompt or \
                     the number of requested output tokens."
                ),
                "input_tokens",
                least,
            ));
        }
        Ok(output.unwrap_or(window - prompt))
    }

    /// Generates an answer to each task, in as many choices as it wants; all choices are numbered in one row.
    /// What it returns must be polled for anything to happen; dropping it aborts.
    pub(super) fn generate(&self, tasks: &[Task]) -> BoxStream<'static, Result<Batch, Broken>> {
        let Shared {
            options,
            board,
            metrics,
            ..
        } = &*self.0;
        let choices = tasks
            .iter()
            .flat_map(|task| (0..task.choices).map(move |choice| (task, choice)));
        let scripts = choices.map(|(task, choice)| {
            let ticket = Ticket::new(board, metrics, task.prompt_tokens);
            (Script::write(task, options.seed, choice), ticket)
        });
        generation::generate(scripts, &self.0.slots, &self.0.knobs.watch())
    }

    fn check_output(&self, asked: AskedOutput) -> Result<u64, ApiError> {
        let AskedOutput { field, tokens } = asked;
        let window = self.window();
        let Some(wanted) = u64::try_from(tokens).ok().filter(|&wanted| wanted > 0) else {
            return Err(ApiError::bad_request(
                format!("{field} must be at least 1, got {tokens}. (parameter={field}, value={tokens})"),
                Some(field),
            ));
        };
        if wanted > window {
            let (space, length) = if self.quirks().lacks_a_space {
                ("", format!("max_model_len=max_total_tokens={window}"))
            } else {
                (" ", format!("max_model_len={window}"))
            };
            return Err(ApiError::bad_request(
                format!(
                    "{field}={wanted}{space}cannot be greater than {length}. Please request fewer output tokens. \
                     (parameter={field}, value={wanted})"
                ),
                Some(field),
            ));
        }
        Ok(wanted)
    }
}

fn too_long(message: String, param: &str, value: u64) -> ApiError {
    ApiError::bad_request(format!("{message} (parameter={param}, value={value})"), Some(param))
}
