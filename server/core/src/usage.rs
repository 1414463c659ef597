//! What is recorded of a request: counts, times and how it ended; never what was said.

use std::{fmt, future::Future, pin::Pin};

use crate::{UnixMillis, id::RequestId, key::KeyId};

/// One request that was admitted, from its start to its end. Exactly one of these is recorded for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRecord {
    /// The id the caller got in `x-request-id`.
    pub request_id: RequestId,
    /// The key it was made with.
    pub key: KeyId,
    /// The route it came in by.
    pub endpoint: Endpoint,
    /// The model as the caller wrote it.
    pub requested_model: String,
    /// The model that the engine ran.
    pub served_model: String,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the prompt that the engine had in its prefix cache.
    pub cached_tokens: u64,
    /// Tokens generated up to the end or the cut, reasoning included.
    pub completion_tokens: u64,
    /// Tokens of the completion that were reasoning, where the engine says so.
    pub reasoning_tokens: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status that the caller saw, or would have seen; 0 where the gateway was killed before it was known.
    pub status: u16,
    /// When the request's head had been read.
    pub started_at: UnixMillis,
    /// Milliseconds from the start to the first byte of the answer's body; none if there was none.
    pub first_byte_ms: Option<u32>,
    /// Milliseconds from the start to the end.
    pub duration_ms: u32,
    /// Milliseconds that it waited for its turn before it went to the engine.
    pub queue_ms: u32,
    /// Microseconds that the gateway itself added before the request went to the engine: from the moment it had been
    /// read, what the engine took to count the prompt included, waiting for its turn not.
    pub overhead_us: u32,
    /// The kind of program that sent it.
    pub client: ClientKind,
    /// Tokens that the answer was allowed to have; none where none are generated.
    pub granted_tokens: Option<u64>,
    /// Whether that was less than the caller had asked for.
    pub clamped: bool,
    /// Who in a chat front end asked, by the id that it forwards: at most [`LONGEST_CHAT_USER`] characters. Whoever
    /// holds the key can write anything there; it tells a key's usage apart and is never what anybody is let in by.
    pub chat_user: Option<String>,
}

/// Most tokens of a kind that are believed of one request. No engine counts to 2⁴⁰; one that a client got to say so must not
/// make sums overflow.
pub const MOST_TOKENS: u64 = 1 << 40;

/// Characters of a chat user's id that are kept; Open WebUI's have 36.
pub const LONGEST_CHAT_USER: usize = 64;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The whole answer was handed on.
    Done,
    /// The caller went away first.
    ClientLeft,
    /// The engine could not be reached, failed, or broke off.
    EngineFailed,
    /// The engine answered with an error of the caller's making (4xx).
    RefusedByEngine,
    /// The gateway itself was killed meanwhile; found at its next start.
    Lost,
}

/// The kind of program that sends a request, as its headers tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// Anthropic's coding agent.
    ClaudeCode,
    /// OpenAI's coding agent.
    Codex,
    /// The chat front end, where it is set to forward who asks.
    OpenWebUi,
    /// One of OpenAI's SDKs, in a program of its own.
    OpenAiSdk,
    /// One of Anthropic's SDKs, in a program of its own.
    AnthropicSdk,
    /// A line in a shell.
    Curl,
    /// Anything else.
    #[default]
    Other,
}

/// The inference routes, as they are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`
    ChatCompletions,
    /// `POST /v1/messages`
    Messages,
    /// `POST /v1/messages/count_tokens`
    CountTokens,
    /// `POST /v1/completions`
    Completions,
    /// `POST /v1/responses`
    Responses,
    /// `POST /v1/embeddings`
    Embeddings,
    /// `POST /v1/rerank`
    Rerank,
    /// `POST /v1/score`
    Score,
    /// `POST /v1/audio/transcriptions`
    Transcriptions,
    /// `POST /v1/audio/translations`
    Translations,
    /// `POST` of a route that the configuration adds.
    Other,
}

/// Resolves when a record is safe: on disk where usage is kept strictly, at once where it is not.
pub type Durable = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where records go. Handing one over never waits; only the returned future may.
pub trait UsageSink: Send + Sync {
    /// Takes note of a request that has been admitted, so that it is known of also if the process is killed. Costs
    /// microseconds. What its record says of an end is ignored.
    fn begin(&self, usage: &UsageRecord) {
        let _ = usage;
    }

    /// Takes note of how far a request has come, for the same reason and at the same cost.
    fn progress(&self, usage: &UsageRecord) {
        let _ = usage;
    }

    /// Takes a record of a request that has ended.
    fn record(&self, usage: UsageRecord) -> Durable;
}

impl UsageRecord {
    /// A request that has come in and of which no more is known. Unless somebody says how it ended, it is lost.
    pub fn begun(request_id: RequestId, key: KeyId, endpoint: Endpoint, started_at: UnixMillis) -> Self {
        Self {
            request_id,
            key,
            endpoint,
            requested_model: String::new(),
            served_model: String::new(),
            stream: false,
            prompt_tokens: 0,
            cached_tokens: 0,
            completion_tokens: 0,
            reasoning_tokens: 0,
            outcome: Outcome::Lost,
            status: 0,
            started_at,
            first_byte_ms: None,
            duration_ms: 0,
            queue_ms: 0,
            overhead_us: 0,
            client: ClientKind::default(),
            granted_tokens: None,
            clamped: false,
            chat_user: None,
        }
    }

    /// Whether the caller's name for the model led to another.
    pub fn is_aliased(&self) -> bool {
        self.requested_model != self.served_model
    }
}

impl Outcome {
    /// Every outcome, in the order of the database's codes.
    pub const ALL: [Self; 5] = [
        Self::Done,
        Self::ClientLeft,
        Self::EngineFailed,
        Self::RefusedByEngine,
        Self::Lost,
    ];

    /// The name used in the database, the API and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::ClientLeft => "client_left",
            Self::EngineFailed => "engine_failed",
            Self::RefusedByEngine => "refused_by_engine",
            Self::Lost => "lost",
        }
    }
}

impl ClientKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::ClaudeCode,
        Self::Codex,
        Self::OpenWebUi,
        Self::OpenAiSdk,
        Self::AnthropicSdk,
        Self::Curl,
        Self::Other,
    ];

    /// The name used in the API and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude_code",
            Self::Codex => "codex",
            Self::OpenWebUi => "open_webui",
            Self::OpenAiSdk => "openai_sdk",
            Self::AnthropicSdk => "anthropic_sdk",
            Self::Curl => "curl",
            Self::Other => "other",
        }
    }
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 11] = [
        Self::ChatCompletions,
        Self::Messages,
        Self::CountTokens,
        Self::Completions,
        Self::Responses,
        Self::Embeddings,
        Self::Rerank,
        Self::Score,
        Self::Transcriptions,
        Self::Translations,
        Self::Other,
    ];

    /// The path, which is also the name used in the database, the API and the log; for routes of the configuration, `other`.
    pub fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/v1/chat/completions",
            Self::Messages => "/v1/messages",
            Self::CountTokens => "/v1/messages/count_tokens",
            Self::Completions => "/v1/completions",
            Self::Responses => "/v1/responses",
            Self::Embeddings => "/v1/embeddings",
            Self::Rerank => "/v1/rerank",
            Self::Score => "/v1/score",
            Self::Transcriptions => "/v1/audio/transcriptions",
            Self::Translations => "/v1/audio/translations",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ClientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
