//! A streamed chat answer.

use serde::Serialize;

use super::{
    super::{
        answer::Events,
        field::Field,
        generation::Batch,
        openai_stream::{DONE, OpenChoices, event, failure},
        quirks::Quirks,
        script::{Content, Finish},
        service::Engine,
        usage::{Tally, Usage},
    },
    request::{ChatRequest, StreamedUsage},
};

/// Writes the events of one answer.
pub(super) struct ChatEvents {
    engine: Engine,
    quirks: Quirks,
    id: String,
    created: i64,
    fingerprint: Option<String>,
    tally: Tally,
    choices: u32,
    open: OpenChoices,
    started: bool,
    usage: StreamedUsage,
    /// There are thoughts, and the client does not want them: then their field is null, not absent.
    hides_reasoning: bool,
    named_tool: bool,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<ChunkChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_token_ids: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_text: Option<()>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: (),
    finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    stop_reason: Field<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_ids: Option<()>,
}

/// What a chunk adds. A field is absent, null or there.
#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    content: Field<String>,
    #[serde(skip_serializing_if = "Field::is_absent")]
    reasoning: Field<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<CallDelta<'a>>,
}

#[derive(Serialize)]
struct CallDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    index: usize,
    function: FunctionDelta<'a>,
}

#[derive(Serialize)]
struct FunctionDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<String>,
}

impl Delta<'_> {
    /// Adds to the arguments of a call, which may begin in this very chunk.
    fn add_arguments(&mut self, index: usize, json: &str) {
        match self.tool_calls.last_mut().filter(|call| call.index == index) {
            Some(call) => call.function.arguments.get_or_insert_default().push_str(json),
            None => self.tool_calls.push(CallDelta {
                id: None,
                r#type: None,
                index,
                function: FunctionDelta {
                    name: None,
                    arguments: Some(json.to_owned()),
                },
            }),
        }
    }
}

impl ChatEvents {
    pub(super) fn new(engine: &Engine, id: String, request: &ChatRequest) -> Self {
        let choices = request.task.choices;
        Self {
            quirks: engine.quirks(),
            id,
            created: engine.created(),
            fingerprint: engine.fingerprint(),
            tally: Tally::new(request.task.prompt_tokens, choices),
            choices,
            open: OpenChoices::new(choices),
            started: false,
            usage: request.usage,
            hides_reasoning: request.task.thinking && !request.include_reasoning,
            named_tool: request.named_tool,
            engine: engine.clone(),
        }
    }

    /// The event that opens a choice.
    fn role(&self, choice: u32) -> String {
        let delta = Delta {
            role: Some("assistant"),
            content: Field::Value(String::new()),
            ..Delta::default()
        };
        let mut chunk = self.chunk(vec![ChunkChoice {
            index: choice,
            delta,
            logprobs: (),
            finish_reason: None,
            stop_reason: Field::Absent,
            token_ids: None,
        }]);
        chunk.usage = self.usage_so_far((0, 0));
        chunk.prompt_token_ids = self.quirks.newer_fields.then_some(());
        chunk.prompt_text = chunk.prompt_token_ids;
        event(&chunk)
    }

    /// The event of a batch, if there is anything to tell.
    fn delta(&self, batch: &Batch) -> Option<String> {
        let delta = self.read(&batch.contents);
        let empty = delta.content.is_absent() && delta.reasoning.is_absent() && delta.tool_calls.is_empty();
        if empty && batch.finish.is_none() {
            return None;
        }
        let finish = batch.finish.as_ref();
        let reason = finish.map(|finish| match finish {
            Finish::ToolCalls if self.named_tool => "stop",
            finish => finish.as_str(),
        });
        let mut chunk = self.chunk(vec![ChunkChoice {
            index: batch.choice,
            delta,
            logprobs: (),
            finish_reason: reason,
            stop_reason: finish.map_or(Field::Absent, |finish| Field::present(finish.stop_text())),
            token_ids: Some(()),
        }]);
        chunk.usage = self.usage_so_far(self.tally.of_choice(batch.choice as usize));
        // The last thing before the end says which build it was.
        if finish.is_some() && self.usage == StreamedUsage::None {
            chunk.system_fingerprint = self.fingerprint.as_deref();
        }
        Some(event(&chunk))
    }

    fn read<'a>(&self, contents: &'a [Content]) -> Delta<'a> {
        let mut delta = Delta::default();
        for content in contents {
            match content {
                Content::Reasoning(_) if self.hides_reasoning => {}
                Content::Reasoning(text) => delta.reasoning.append(text),
                Content::Text(text) => delta.content.append(text),
                Content::ToolName { index, name } => delta.tool_calls.push(CallDelta {
                    id: Some(format!("chatcmpl-tool-{}", self.engine.hex::<8>())),
                    r#type: Some("function"),
                    index: *index,
                    function: FunctionDelta {
                        name: Some(name),
                        arguments: None,
                    },
                }),
                Content::ToolArguments { index, json } => delta.add_arguments(*index, json),
                Content::Mark => {}
            }
        }
        if !delta.tool_calls.is_empty() && delta.content.is_absent() {
            delta.content = Field::Null;
        }
        if self.hides_reasoning && matches!(delta.content, Field::Value(_)) {
            delta.reasoning = Field::Null;
        }
        delta
    }

    fn chunk<'a>(&'a self, choices: Vec<ChunkChoice<'a>>) -> Chunk<'a> {
        Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: self.engine.model(),
            choices,
            usage: None,
            system_fingerprint: None,
            prompt_token_ids: None,
            prompt_text: None,
        }
    }

    /// Usage on an event before the last, where that is wanted.
    fn usage_so_far(&self, counts: (u64, u64)) -> Option<Usage> {
        (self.usage == StreamedUsage::Continuous).then(|| self.tally.streamed(counts, true, self.quirks))
    }

    fn last_usage(&self) -> String {
        let mut chunk = self.chunk(Vec::new());
        chunk.usage = Some(self.tally.streamed(self.tally.total(), true, self.quirks));
        chunk.system_fingerprint = self.fingerprint.as_deref();
        event(&chunk)
    }
}

impl Events for ChatEvents {
    fn batch(&mut self, batch: Batch) -> Vec<String> {
        let mut events = Vec::new();
        if !std::mem::replace(&mut self.started, true) {
            events.extend((0..self.choices).map(|choice| self.role(choice)));
        }
        self.tally.count(&batch);
        events.extend(self.delta(&batch));
        if self.open.close(&batch) {
            events.extend((self.usage != StreamedUsage::None).then(|| self.last_usage()));
            events.push(DONE.to_owned());
        }
        events
    }

    fn failure(&mut self) -> Option<Vec<String>> {
        Some(failure())
    }
}
