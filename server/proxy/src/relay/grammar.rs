//! The grammar of a stream: what each event means, which of it the caller sees, and how the stream ends.

use bytes::Bytes;
use worv_core::{id::RequestId, usage::Outcome};

use super::{chat::Chat, messages::Messages, output::Output, responses::Responses, translated::Translated};
use crate::{envelope::StreamOptions, error::ApiError, settlement::Settlement};

/// One stream's grammar and what has to be remembered of it.
#[derive(Debug)]
pub(crate) enum Grammar {
    /// Chunks of a chat completion, ended by `[DONE]`.
    Chat(Chat),
    /// Anthropic's named events, ended by `message_stop`.
    Messages(Messages),
    /// OpenAI's named events, ended by `response.completed`.
    Responses(Responses),
    /// Chunks of a chat completion, which the caller gets as Anthropic's named events.
    Translated(Translated),
}

/// What an event does to the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes on.
    Continue,
    /// It is over.
    End(End),
}

/// How a stream ends. The last bytes are for the caller once the record is safe.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As its grammar says.
    Complete(Bytes),
    /// The engine reported an error in it.
    Failed { outcome: Outcome, last: Bytes },
    /// The engine fell silent in the middle.
    BrokeOff,
}

impl Grammar {
    pub(crate) fn chat(asked: StreamOptions) -> Self {
        Self::Chat(Chat::new(asked))
    }

    pub(crate) fn messages(request_id: RequestId) -> Self {
        Self::Messages(Messages::new(request_id))
    }

    pub(crate) fn translated(request_id: RequestId) -> Self {
        Self::Translated(Translated::new(request_id))
    }

    pub(crate) fn responses() -> Self {
        Self::Responses(Responses::default())
    }

    /// Takes one event, blank line included.
    pub(super) fn step(&mut self, event: &[u8], settlement: &mut Settlement, output: &mut Output) -> Step {
        match self {
            Self::Chat(chat) => chat.step(event, settlement, output),
            Self::Messages(messages) => messages.step(event, settlement, output),
            Self::Responses(responses) => responses.step(event, settlement, output),
            Self::Translated(translated) => translated.step(event, settlement, output),
        }
    }

    /// What is sent when there has been nothing to send for a while.
    pub(super) fn keep_alive(&self) -> Bytes {
        let pings = match self {
            Self::Messages(messages) => messages.has_started(),
            Self::Translated(translated) => translated.has_started(),
            Self::Chat(_) | Self::Responses(_) => false,
        };
        if pings {
            Bytes::from_static(b"event: ping\ndata: {\"type\":\"ping\"}\n\n")
        } else {
            // A comment, which every parser skips: before `message_start` a ping would be out of order.
            Bytes::from_static(b": keep-alive\n\n")
        }
    }

    /// What ends a stream that the engine did not end: an error that the caller's SDK raises.
    pub(super) fn broke_off(&self) -> Bytes {
        let error = ApiError::engine_broke_off();
        match self {
            Self::Chat(_) => [b"data: ", &error.openai_body()[..], b"\n\ndata: [DONE]\n\n"]
                .concat()
                .into(),
            Self::Messages(messages) => messages.error_event(&error),
            Self::Responses(responses) => responses.error_event(&error),
            Self::Translated(translated) => translated.error_event(&error),
        }
    }
}
