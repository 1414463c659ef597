//! A whole message.

use serde::Serialize;
use serde_json::Value;

use super::{
    super::{answer::Choice, quirks::Quirks, script::Finish, service::Engine},
    Usage,
    request::MessagesRequest,
};

/// The body of the answer, fields in vLLM's order, nothing that is null.
#[derive(Serialize)]
pub(super) struct Message {
    id: String,
    r#type: &'static str,
    role: &'static str,
    content: Vec<Block>,
    model: String,
    stop_reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_sequence: Option<String>,
    usage: Usage,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Thinking { thinking: String, signature: String },
    Text { text: String },
    ToolUse { id: String, name: String, input: Value },
}

impl Message {
    pub(super) fn new(engine: &Engine, id: String, request: &MessagesRequest, choice: Choice) -> Self {
        let finish = choice.finish.unwrap_or(Finish::Stop);
        let mut content = Vec::new();
        if !choice.reasoning.is_empty() {
            content.push(Block::Thinking {
                thinking: choice.reasoning,
                signature: engine.hex::<16>(),
            });
        }
        if !choice.text.is_empty() {
            content.push(Block::Text { text: choice.text });
        }
        content.extend(choice.calls.into_iter().map(|call| Block::ToolUse {
            id: format!("chatcmpl-tool-{}", engine.hex::<8>()),
            name: call.name,
            input: serde_json::from_str(&call.arguments).unwrap_or_default(),
        }));
        let quirks = engine.quirks();
        Self {
            id,
            r#type: "message",
            role: "assistant",
            content,
            model: engine.model().to_owned(),
            stop_reason: stop_reason(&finish, quirks),
            stop_sequence: finish
                .stop_text()
                .filter(|_| quirks.messages_stop_sequence)
                .map(str::to_owned),
            usage: Usage {
                input_tokens: request.task.prompt_tokens,
                output_tokens: choice.generated,
            },
        }
    }
}

/// Anthropic's name for an end.
pub(super) fn stop_reason(finish: &Finish, quirks: Quirks) -> &'static str {
    match finish {
        Finish::StopText(_) if quirks.messages_stop_sequence => "stop_sequence",
        Finish::Stop | Finish::StopText(_) => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
    }
}
