//! `/v1/messages` by way of `/v1/chat/completions`, for engines that cannot serve it as it is asked.
//!
//! vLLM 0.19 drops `chat_template_kwargs` on `/v1/messages` without a word, and with them every wish about thinking; builds
//! before that have no such route. What becomes of each member follows vLLM's own converter
//! (vllm/entrypoints/anthropic/serving.py), so that a caller cannot tell which of the two has worked.

use worv_core::{id::RequestId, usage::Endpoint};

use crate::{
    error::ApiError,
    json::{Edit, Object},
};

pub(crate) use stream::TranslatedStream;

mod request;
mod stream;
mod tools;
mod vocabulary;
mod whole;

/// What is asked of the engine in place of what the caller asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Translation {
    /// A message, as a chat completion.
    Message,
    /// A prompt's length, as its tokens.
    Count,
}

impl Translation {
    /// The translation of a route; none for routes that every engine serves.
    pub(crate) fn of(endpoint: Endpoint) -> Option<Self> {
        match endpoint {
            Endpoint::Messages => Some(Self::Message),
            Endpoint::CountTokens => Some(Self::Count),
            Endpoint::ChatCompletions
            | Endpoint::Completions
            | Endpoint::Responses
            | Endpoint::Embeddings
            | Endpoint::Rerank
            | Endpoint::Score
            | Endpoint::Transcriptions
            | Endpoint::Translations
            | Endpoint::Other => None,
        }
    }

    /// The engine's route that answers instead.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Message => "/v1/chat/completions",
            Self::Count => "/tokenize",
        }
    }

    /// The request in the words of that route.
    pub(crate) fn request(self, object: &Object<'_>) -> Result<String, ApiError> {
        let edits: Vec<Edit<'_>> = match self {
            Self::Message => request::completion(object)?,
            Self::Count => request::tokenization(object)?,
        };
        Ok(Object::empty().with(&edits))
    }

    /// A whole answer in the words of the Messages API; none if it is not what that route answers with.
    pub(crate) fn answer(self, body: &[u8], request_id: RequestId) -> Option<Vec<u8>> {
        match self {
            Self::Message => whole::message(body, request_id),
            Self::Count => whole::count(body),
        }
    }
}
