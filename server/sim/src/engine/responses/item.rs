//! The items of a response's output.

use serde::Serialize;

use super::super::service::Engine;

/// One item of the output, fields in vLLM's order.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Item {
    Reasoning(Reasoning),
    Message(Message),
    Call(FunctionCall),
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Reasoning {
    pub id: String,
    summary: [(); 0],
    r#type: &'static str,
    pub content: Option<[ReasoningText; 1]>,
    encrypted_content: (),
    pub status: Option<&'static str>,
}

/// A part with thoughts.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ReasoningText {
    text: String,
    r#type: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Message {
    pub id: String,
    pub content: Vec<OutputText>,
    role: &'static str,
    pub status: &'static str,
    r#type: &'static str,
    phase: (),
}

/// A part with text.
#[derive(Clone, Debug, Serialize)]
pub(super) struct OutputText {
    annotations: [(); 0],
    text: String,
    r#type: &'static str,
    logprobs: Option<[(); 0]>,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct FunctionCall {
    pub arguments: String,
    call_id: String,
    pub name: String,
    r#type: &'static str,
    pub id: String,
    r#async: (),
    caller: (),
    namespace: (),
    pub status: &'static str,
}

/// The state of an item: begun, or whole.
fn status<T>(whole: Option<&T>) -> &'static str {
    if whole.is_some() { "completed" } else { "in_progress" }
}

impl Item {
    /// Thoughts: begun without a text, or whole. Only streams say their status.
    pub(super) fn reasoning(engine: &Engine, status: Option<&'static str>, text: Option<String>) -> Self {
        Self::Reasoning(Reasoning {
            id: format!("rs_{}", engine.hex::<8>()),
            summary: [],
            r#type: "reasoning",
            content: text.map(|text| [ReasoningText::new(text)]),
            encrypted_content: (),
            status,
        })
    }

    /// A message: begun without a text, or whole.
    pub(super) fn message(engine: &Engine, text: Option<String>) -> Self {
        Self::Message(Message {
            id: format!("msg_{}", engine.hex::<8>()),
            status: status(text.as_ref()),
            content: text.into_iter().map(OutputText::whole).collect(),
            role: "assistant",
            r#type: "message",
            phase: (),
        })
    }

    /// A call: begun without arguments, or whole.
    pub(super) fn call(engine: &Engine, name: String, arguments: Option<String>) -> Self {
        Self::Call(FunctionCall {
            status: status(arguments.as_ref()),
            arguments: arguments.unwrap_or_default(),
            call_id: format!("chatcmpl-tool-{}", engine.hex::<8>()),
            name,
            r#type: "function_call",
            id: format!("fc_{}", engine.hex::<8>()),
            r#async: (),
            caller: (),
            namespace: (),
        })
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Self::Reasoning(item) => &item.id,
            Self::Message(item) => &item.id,
            Self::Call(item) => &item.id,
        }
    }

    /// The same item, whole.
    pub(super) fn complete(mut self, text: String) -> Self {
        match &mut self {
            Self::Reasoning(item) => {
                item.content = Some([ReasoningText::new(text)]);
                item.status = Some("completed");
            }
            Self::Message(item) => {
                item.content = vec![OutputText::whole(text)];
                item.status = "completed";
            }
            Self::Call(item) => {
                item.arguments = text;
                item.status = "completed";
            }
        }
        self
    }
}

impl ReasoningText {
    pub(super) fn new(text: String) -> Self {
        Self {
            text,
            r#type: "reasoning_text",
        }
    }
}

impl OutputText {
    /// A part that begins.
    pub(super) fn begun() -> Self {
        Self {
            logprobs: Some([]),
            ..Self::whole(String::new())
        }
    }

    /// A part that is there.
    pub(super) fn whole(text: String) -> Self {
        Self {
            annotations: [],
            text,
            r#type: "output_text",
            logprobs: None,
        }
    }
}
