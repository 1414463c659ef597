//! What a completion request asks for.

use axum::http::HeaderMap;
use serde_json::Value;

use super::super::{
    chat::request::{StreamedUsage, check_sampling, stop_texts},
    errors::ApiError,
    fields::{self, Fields},
    prompt::Prompt,
    script::Task,
    service::{AskedOutput, Engine},
};

/// What `max_tokens` is where a request does not say it.
const DEFAULT_OUTPUT: i64 = 16;

/// A completion request, read and checked.
pub(super) struct CompletionRequest {
    /// One for each prompt.
    pub tasks: Vec<Task>,
    pub stream: bool,
    pub usage: StreamedUsage,
}

impl CompletionRequest {
    /// Reads a body, or says what is wrong with it.
    pub(super) fn read(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let body = fields::parse(headers, body)?;
        let mut fields = Fields::new(&body)?;
        let model = fields.text("model");
        let tokens = fields.integer("max_tokens").unwrap_or(DEFAULT_OUTPUT);
        let choices = fields.integer("n").unwrap_or(1);
        let stream = fields.boolean("stream").unwrap_or(false);
        let options = fields.object("stream_options");
        let temperature = fields.number("temperature");
        let ignore_end = fields.boolean("ignore_eos").unwrap_or(false);
        let stop = stop_texts(fields.get("stop"));
        let prompts = prompts(fields.get("prompt"));
        fields.finish()?;
        if prompts.is_empty() {
            let message = "Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)";
            return Err(ApiError::bad_request(message, Some("prompt")));
        }
        let usage = StreamedUsage::read(options, stream)?;
        engine.check_model(model)?;
        let choices = check_sampling(choices, temperature)?;
        let task = |prompt: Prompt| {
            let prompt_tokens = prompt.tokens(true);
            let asked = AskedOutput {
                field: "max_tokens",
                tokens,
            };
            Ok(Task {
                max_tokens: engine.fit(prompt.characters(), prompt_tokens, Some(asked))?,
                prompt,
                prompt_tokens,
                thinking: false,
                stop: stop.clone(),
                ignore_end,
                choices,
            })
        };
        Ok(Self {
            tasks: prompts.into_iter().map(task).collect::<Result<_, ApiError>>()?,
            stream,
            usage,
        })
    }

    /// Choices over all prompts.
    pub(super) fn choices(&self) -> u32 {
        self.tasks.iter().map(|task| task.choices).sum()
    }

    /// Tokens of all prompts.
    pub(super) fn prompt_tokens(&self) -> u64 {
        self.tasks.iter().map(|task| task.prompt_tokens).sum()
    }
}

/// The prompts of a request: a text or a list of token ids, or several of either.
fn prompts(value: Option<&Value>) -> Vec<Prompt> {
    match value {
        Some(Value::String(text)) => vec![Prompt::from_text(text.clone())],
        Some(Value::Array(items)) if items.iter().all(Value::is_number) && !items.is_empty() => {
            // A word for each id: what it stands for is not known here, only that it is one token.
            vec![Prompt::from_text(" id".repeat(items.len()))]
        }
        Some(Value::Array(items)) => items.iter().flat_map(|item| prompts(Some(item))).collect(),
        _ => Vec::new(),
    }
}
