//! A streamed message.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    super::{
        answer::Events,
        errors::ApiError,
        field::Field,
        generation::Batch,
        quirks::Quirks,
        script::{Content, Finish},
        service::Engine,
    },
    Usage,
    request::MessagesRequest,
    whole,
};

/// What vLLM up to 0.32 says when its engine fails: its converter trips over the error that it was to pass on.
const CONVERTER_FAILURE: &str = "\
2 validation errors for ChatCompletionStreamResponse
model
  Field required [type=missing, input_value={'error': {'message': 'In...am': None, 'code': 500}}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.14/v/missing
choices
  Field required [type=missing, input_value={'error': {'message': 'In...am': None, 'code': 500}}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.14/v/missing";

/// Writes the events of one message.
pub(super) struct MessageEvents {
    engine: Engine,
    quirks: Quirks,
    id: String,
    input_tokens: u64,
    started: bool,
    open: Option<Block>,
    /// The number of the next block.
    next: usize,
}

/// The block that is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Thinking,
    Text,
    Tool(usize),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart {
        message: StartedMessage<'a>,
    },
    ContentBlockStart {
        content_block: StartedBlock<'a>,
        index: usize,
    },
    ContentBlockDelta {
        delta: Delta<'a>,
        index: usize,
    },
    ContentBlockStop {
        index: usize,
    },
    MessageDelta {
        delta: MessageDelta<'a>,
        usage: Usage,
    },
    MessageStop,
}

#[derive(Serialize)]
struct StartedMessage<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    content: [(); 0],
    model: &'a str,
    stop_reason: (),
    stop_sequence: (),
    usage: Usage,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StartedBlock<'a> {
    Thinking {
        thinking: &'static str,
    },
    Text {
        text: &'static str,
    },
    ToolUse {
        id: String,
        name: &'a str,
        input: Map<String, Value>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Delta<'a> {
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
}

#[derive(Serialize)]
struct MessageDelta<'a> {
    stop_reason: &'static str,
    #[serde(skip_serializing_if = "Field::is_absent")]
    stop_sequence: Field<&'a str>,
}

impl MessageEvents {
    pub(super) fn new(engine: &Engine, id: String, request: &MessagesRequest) -> Self {
        Self {
            quirks: engine.quirks(),
            id,
            input_tokens: request.task.prompt_tokens,
            started: false,
            open: None,
            next: 0,
            engine: engine.clone(),
        }
    }

    fn start(&self) -> String {
        let whole = self.quirks.whole_message_start;
        write(
            "message_start",
            &Event::MessageStart {
                message: StartedMessage {
                    id: &self.id,
                    r#type: whole.then_some("message"),
                    role: whole.then_some("assistant"),
                    content: [],
                    model: self.engine.model(),
                    stop_reason: (),
                    stop_sequence: (),
                    usage: self.usage(0),
                },
            },
        )
    }

    fn content(&mut self, content: &Content, events: &mut Vec<String>) {
        let (block, delta) = match content {
            Content::Reasoning(thinking) => (Block::Thinking, Some(Delta::Thinking { thinking })),
            Content::Text(text) => (Block::Text, Some(Delta::Text { text })),
            Content::ToolName { index, .. } => (Block::Tool(*index), None),
            Content::ToolArguments { index, json } => {
                (Block::Tool(*index), Some(Delta::InputJson { partial_json: json }))
            }
            Content::Mark => return,
        };
        if self.open != Some(block) {
            self.close(events);
            let content_block = match content {
                Content::Reasoning(_) => StartedBlock::Thinking { thinking: "" },
                Content::ToolName { name, .. } => StartedBlock::ToolUse {
                    id: format!("chatcmpl-tool-{}", self.engine.hex::<8>()),
                    name,
                    input: Map::new(),
                },
                _ => StartedBlock::Text { text: "" },
            };
            let index = self.next;
            events.push(write(
                "content_block_start",
                &Event::ContentBlockStart { content_block, index },
            ));
            self.open = Some(block);
        }
        if let Some(delta) = delta {
            events.push(write(
                "content_block_delta",
                &Event::ContentBlockDelta {
                    delta,
                    index: self.next,
                },
            ));
        }
    }

    /// Ends the open block; a thought is signed first.
    fn close(&mut self, events: &mut Vec<String>) {
        let index = self.next;
        let Some(block) = self.open.take() else { return };
        if block == Block::Thinking {
            let delta = Delta::Signature {
                signature: self.engine.hex::<16>(),
            };
            events.push(write("content_block_delta", &Event::ContentBlockDelta { delta, index }));
        }
        events.push(write("content_block_stop", &Event::ContentBlockStop { index }));
        self.next += 1;
    }

    fn finish(&self, finish: &Finish, generated: u64, events: &mut Vec<String>) {
        let delta = MessageDelta {
            stop_reason: whole::stop_reason(finish, self.quirks),
            stop_sequence: if self.quirks.messages_stop_sequence {
                Field::present(finish.stop_text())
            } else {
                Field::Absent
            },
        };
        events.push(write(
            "message_delta",
            &Event::MessageDelta {
                delta,
                usage: self.usage(generated),
            },
        ));
        events.push(write("message_stop", &Event::MessageStop));
    }

    fn usage(&self, output_tokens: u64) -> Usage {
        Usage {
            input_tokens: self.input_tokens,
            output_tokens,
        }
    }
}

impl Events for MessageEvents {
    fn batch(&mut self, batch: Batch) -> Vec<String> {
        let mut events = Vec::new();
        if !std::mem::replace(&mut self.started, true) {
            events.push(self.start());
        }
        for content in &batch.contents {
            self.content(content, &mut events);
        }
        if let Some(finish) = &batch.finish {
            self.close(&mut events);
            self.finish(finish, batch.generated, &mut events);
        }
        events
    }

    fn failure(&mut self) -> Option<Vec<String>> {
        let mut error = ApiError::engine_failed();
        if !self.quirks.messages_typed_failure {
            CONVERTER_FAILURE.clone_into(&mut error.message);
            error = error.masked();
        }
        Some(vec![write("error", &error.anthropic(self.quirks))])
    }
}

fn write(name: &str, event: &impl Serialize) -> String {
    let json = serde_json::to_string(event).unwrap_or_default();
    format!("event: {name}\ndata: {json}\n\n")
}
