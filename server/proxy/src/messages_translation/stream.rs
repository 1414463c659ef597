//! A stream of chat completion chunks as one of the Messages API: the events that it is turned into, in their order.
//!
//! `message_start`, then each content block with its start, deltas and stop, then `message_delta` and `message_stop`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worv_core::id::RequestId;

use super::vocabulary::{Finish, Stop, Usage};
use crate::token_counts::TokenCounts;

/// What is remembered of one stream.
#[derive(Debug)]
pub(crate) struct TranslatedStream {
    /// Also the signature of thinking: whoever sends it back has it dropped.
    request_id: RequestId,
    started: bool,
    open: Option<Kind>,
    /// Blocks that have been opened.
    blocks: usize,
    tool_used: bool,
    stop: Stop,
    counts: TokenCounts,
}

/// What a chunk says of the usage so far.
pub(crate) struct Chunk {
    /// None where it says nothing.
    pub(crate) counts: Option<TokenCounts>,
    /// Whether it carried text, of any kind.
    pub(crate) spoke: bool,
}

/// A block of content that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Thinking,
    Text,
    /// The call of a tool, by the engine's number of it.
    Tool(u64),
}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(borrow, default)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reasoning: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    index: u64,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arguments: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Event<'a> {
    MessageStart { message: Start<'a> },
    ContentBlockStart { index: usize, content_block: Block<'a> },
    ContentBlockDelta { index: usize, delta: Piece<'a> },
    ContentBlockStop { index: usize },
    MessageDelta { delta: &'a Stop, usage: Usage },
    MessageStop,
}

#[derive(Serialize)]
struct Start<'a> {
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    content: [(); 0],
    model: &'a str,
    #[serde(flatten)]
    stop: Stop,
    usage: Usage,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Thinking {
        thinking: &'static str,
        signature: &'static str,
    },
    Text {
        text: &'static str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Empty,
    },
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Piece<'a> {
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "input_json_delta")]
    Arguments { partial_json: &'a str },
}

impl TranslatedStream {
    pub(crate) fn new(request_id: RequestId) -> Self {
        Self {
            request_id,
            started: false,
            open: None,
            blocks: 0,
            tool_used: false,
            stop: Stop::default(),
            counts: TokenCounts::default(),
        }
    }

    /// Whether `message_start` has been sent.
    pub(crate) fn has_started(&self) -> bool {
        self.started
    }

    /// Takes a chunk and writes what becomes of it. None if it is no chunk.
    pub(crate) fn chunk(&mut self, data: &[u8], output: &mut Vec<u8>) -> Option<Chunk> {
        let Incoming {
            id,
            model,
            choices,
            usage,
        } = serde_json::from_slice(data).ok()?;
        let counts = usage.and_then(|usage| TokenCounts::from_openai(usage.get().as_bytes()));
        self.counts = counts.unwrap_or(self.counts);
        if !self.started {
            self.started = true;
            let message = Start {
                id: &id,
                r#type: "message",
                role: "assistant",
                content: [],
                model: &model,
                stop: Stop::default(),
                usage: self.counts.into(),
            };
            write(output, "message_start", &Event::MessageStart { message });
        }
        let mut spoke = false;
        if let Some(Choice {
            delta,
            finish_reason,
            stop_reason,
        }) = choices.into_iter().next()
        {
            spoke = self.delta(&delta, output);
            if finish_reason.is_some() {
                self.stop = Finish {
                    finish_reason,
                    stop_reason,
                }
                .stop(self.tool_used);
            }
        }
        Some(Chunk { counts, spoke })
    }

    /// Writes what ends the message but for its last event, and gives that; none if nothing has begun.
    pub(crate) fn end(&mut self, output: &mut Vec<u8>) -> Option<Vec<u8>> {
        if !self.started {
            return None;
        }
        self.close(output);
        let delta = Event::MessageDelta {
            delta: &self.stop,
            usage: self.counts.into(),
        };
        write(output, "message_delta", &delta);
        let mut last = Vec::new();
        write(&mut last, "message_stop", &Event::MessageStop);
        Some(last)
    }

    fn delta(&mut self, delta: &Delta<'_>, output: &mut Vec<u8>) -> bool {
        let given = |text: &'_ Option<Cow<'_, str>>| text.as_ref().is_some_and(|text| !text.is_empty());
        let thinking = if given(&delta.reasoning) {
            &delta.reasoning
        } else {
            &delta.reasoning_content
        };
        let mut spoke = false;
        if let Some(thinking) = thinking.as_deref().filter(|thinking| !thinking.is_empty()) {
            self.open(
                Kind::Thinking,
                Block::Thinking {
                    thinking: "",
                    signature: "",
                },
                output,
            );
            self.piece(Piece::Thinking { thinking }, output);
            spoke = true;
        }
        if let Some(text) = delta.content.as_deref().filter(|text| !text.is_empty()) {
            self.open(Kind::Text, Block::Text { text: "" }, output);
            self.piece(Piece::Text { text }, output);
            spoke = true;
        }
        for call in delta.tool_calls.iter().flatten() {
            self.call(call, output);
            spoke = true;
        }
        spoke
    }

    /// The first piece of a call has its id and the tool's name; the later ones only arguments.
    fn call(&mut self, call: &Call<'_>, output: &mut Vec<u8>) {
        let name = call.function.as_ref().and_then(|function| function.name.as_deref());
        if let (Some(id), Some(name)) = (call.id.as_deref(), name) {
            self.tool_used = true;
            self.open(
                Kind::Tool(call.index),
                Block::ToolUse {
                    id,
                    name,
                    input: Empty {},
                },
                output,
            );
        }
        let arguments = call
            .function
            .as_ref()
            .and_then(|function| function.arguments.as_deref());
        if let Some(partial_json) = arguments.filter(|arguments| !arguments.is_empty())
            && self.open == Some(Kind::Tool(call.index))
        {
            self.piece(Piece::Arguments { partial_json }, output);
        }
    }

    fn open(&mut self, kind: Kind, content_block: Block<'_>, output: &mut Vec<u8>) {
        if self.open == Some(kind) {
            return;
        }
        self.close(output);
        self.open = Some(kind);
        self.blocks += 1;
        let index = self.blocks - 1;
        write(
            output,
            "content_block_start",
            &Event::ContentBlockStart { index, content_block },
        );
    }

    fn close(&mut self, output: &mut Vec<u8>) {
        let Some(kind) = self.open else { return };
        if kind == Kind::Thinking {
            self.piece(
                Piece::Signature {
                    signature: self.request_id.to_string(),
                },
                output,
            );
        }
        self.open = None;
        write(
            output,
            "content_block_stop",
            &Event::ContentBlockStop { index: self.blocks - 1 },
        );
    }

    fn piece(&self, delta: Piece<'_>, output: &mut Vec<u8>) {
        let index = self.blocks.saturating_sub(1);
        write(
            output,
            "content_block_delta",
            &Event::ContentBlockDelta { index, delta },
        );
    }
}

fn write(output: &mut Vec<u8>, name: &str, event: &Event<'_>) {
    output.extend_from_slice(b"event: ");
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b"\ndata: ");
    // Writing to memory cannot fail, and every key is a string.
    let _written = serde_json::to_writer(&mut *output, event);
    output.extend_from_slice(b"\n\n");
}
