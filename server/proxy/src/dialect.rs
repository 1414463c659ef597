//! The two families of clients, told apart by route and headers.

use http::{HeaderMap, header::AUTHORIZATION};
use worv_core::usage::Endpoint;

use crate::authentication::X_API_KEY;

/// Whose API a request speaks, and so which shape its errors and streams have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Chat completions, completions, responses, embeddings, models.
    OpenAi,
    /// Messages.
    Anthropic,
}

impl Dialect {
    /// The dialect of a route.
    pub(crate) fn of(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Messages | Endpoint::CountTokens => Self::Anthropic,
            Endpoint::ChatCompletions
            | Endpoint::Completions
            | Endpoint::Responses
            | Endpoint::Embeddings
            | Endpoint::Rerank
            | Endpoint::Score
            | Endpoint::Transcriptions
            | Endpoint::Translations
            | Endpoint::Other => Self::OpenAi,
        }
    }

    /// The dialect of a request that matches no route: by its path, or by the headers that only Anthropic's SDKs send.
    pub(crate) fn guess(path: &str, headers: &HeaderMap) -> Self {
        let anthropic = path.starts_with("/v1/messages")
            || headers.contains_key("anthropic-version")
            || (headers.contains_key(&X_API_KEY) && !headers.contains_key(AUTHORIZATION));
        if anthropic { Self::Anthropic } else { Self::OpenAi }
    }
}
