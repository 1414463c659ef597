//! Single requests, as the server lists them: counts and times, never what was said.

use serde::{Deserialize, Serialize};

/// The answer to `GET /api/requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPage {
    /// The latest first.
    pub requests: Vec<RequestSummary>,
    /// What to give as `before` to get the next page; none at the end. There may be a next page although this one is not
    /// full, or empty: one page looks at 10,000 requests at most.
    pub next: Option<String>,
}

/// The answer to `GET /api/requests/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestDetail {
    /// The request.
    pub request: RequestSummary,
    /// What happened one after the other, from the first moment to the last.
    pub timeline: Vec<RequestPhase>,
}

/// A part of a request's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestPhase {
    /// What happened: `gateway`, `queue`, `first_token` or `answer`.
    pub name: String,
    /// When it began, in microseconds since the request came in.
    pub from_us: u64,
    /// When it ended, in microseconds since the request came in.
    pub to_us: u64,
}

/// One request that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// The id that the caller got in `x-request-id`.
    pub id: String,
    /// The number of its key.
    pub key_id: i64,
    /// The name of its key.
    pub key: String,
    /// The path it came in by.
    pub endpoint: String,
    /// The model as the caller wrote it.
    pub requested_model: String,
    /// The model that the engine ran.
    pub model: String,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    /// The kind of program that sent it.
    pub client: String,
    /// Who in a chat front end asked, by the id that it forwards.
    pub chat_user: Option<String>,
    /// How it ended: `done`, `client_left`, `engine_failed`, `refused_by_engine` or `lost`.
    pub outcome: String,
    /// The HTTP status that the caller saw, or would have seen.
    pub status: u16,
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the prompt that the engine had in its prefix cache.
    pub cached_tokens: u64,
    /// Tokens generated, reasoning included.
    pub completion_tokens: u64,
    /// Tokens generated that were reasoning.
    pub reasoning_tokens: u64,
    /// Tokens that the answer was allowed to have; none where none are generated.
    pub granted_tokens: Option<u64>,
    /// Whether that was less than the caller had asked for.
    pub clamped: bool,
    /// When it came in, in Unix milliseconds.
    pub started_at: i64,
    /// Milliseconds that it waited for its turn.
    pub queue_ms: u32,
    /// Microseconds that the gateway itself added.
    pub overhead_us: u32,
    /// Milliseconds to the first byte of the answer; none if there was none.
    pub first_byte_ms: Option<u32>,
    /// Milliseconds to the end.
    pub duration_ms: u32,
}

impl RequestSummary {
    /// Whether the caller's name for the model led to another.
    pub fn is_aliased(&self) -> bool {
        self.requested_model != self.model
    }
}
