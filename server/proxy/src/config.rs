//! What the data path is told once, at its start.

use std::time::Duration;

use worv_core::Secret;

use crate::{MessagesSupport, ThinkingMap, Tracing};

/// The settings of a [`Gateway`](crate::Gateway). Everything that can change while it runs comes in by a `replace_…` instead.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Where the engine listens: `http://HOST:PORT`, without a path. The only address requests are ever sent to.
    pub engine_url: String,
    /// Sent to the engine as `Authorization: Bearer`, for an engine that was started with `--api-key`.
    pub engine_api_key: Option<Secret>,
    /// Time to establish a connection to the engine before it counts as unreachable.
    pub connect_timeout: Duration,
    /// Largest request body that is read, in bytes. A longer one is refused with 413.
    pub max_body_bytes: usize,
    /// Longest pause between two pieces of a request body before the request is given up with 408.
    pub body_idle_timeout: Duration,
    /// Tokens that a prompt and its answer may have together; the engine's own window applies too where it is smaller.
    pub max_context_tokens: u64,
    /// Tokens that an answer may have, and has if the caller asks for no number.
    pub max_output_tokens: u64,
    /// Tokens of the window that are kept free for what the chat template adds.
    pub reserved_tokens: u64,
    /// The models that the machine can serve at first ([`Gateway::replace_profiles`](crate::Gateway::replace_profiles)).
    /// Each name leads to the live one.
    pub profiles: Vec<ModelProfile>,
    /// Further names that lead to the live model: whole names, or beginnings followed by `*`. Case does not matter.
    pub aliases: Vec<String>,
    /// Further paths of the engine's under `/v1` that take JSON with a model, each written out in full. They are served like
    /// the others, authenticated and metered; see [`is_extra_route`](crate::is_extra_route).
    pub extra_routes: Vec<String>,
    /// Whether answers carry the name that the caller wrote instead of the engine's own.
    pub echo_requested_model: bool,
    /// Requests that the engine is given at the same time. More wait.
    pub concurrency: usize,
    /// Requests that wait at the same time. More are refused with 503.
    pub queue_length: usize,
    /// Bytes that the bodies of the requests that wait have together. More are refused with 503.
    pub queue_bytes: usize,
    /// Longest time that a request waits before it is refused with 503.
    pub queue_timeout: Duration,
    /// Silence on a stream after which a comment or ping is sent, so that no middlebox takes it for dead.
    pub keep_alive: Duration,
    /// Which requests are traced, and who is told of them; none are where this is not set.
    pub tracing: Option<Tracing>,
}

/// What the data path is told of one model that the machine can serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelProfile {
    /// The name that the engine serves it under.
    pub name: String,
    /// Further names that lead to the live model, whichever that is: whole names, or beginnings followed by `*`.
    pub aliases: Vec<String>,
    /// Tokens that a prompt and its answer may have together, in place of [`GatewayConfig::max_context_tokens`].
    pub max_context_tokens: Option<u64>,
    /// Tokens that an answer may have, in place of [`GatewayConfig::max_output_tokens`].
    pub max_output_tokens: Option<u64>,
    /// How it is told to think; none leaves thinking to the engine.
    pub thinking: Option<ThinkingMap>,
    /// What the engine that serves it makes of `/v1/messages`; none where the engine is asked.
    pub messages: Option<MessagesSupport>,
    /// Whether the engine that serves it takes sound; none where the engine is asked.
    pub audio: Option<bool>,
    /// Whether Han script is taken out of its answers.
    pub strip_han: bool,
}

impl ModelProfile {
    /// A profile with what is known of the model's family.
    pub fn of_model(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            aliases: Vec::new(),
            max_context_tokens: None,
            max_output_tokens: None,
            thinking: ThinkingMap::of_model(name),
            messages: None,
            audio: None,
            strip_han: false,
        }
    }
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            engine_url: "http://127.0.0.1:8000".to_owned(),
            engine_api_key: None,
            connect_timeout: Duration::from_secs(3),
            max_body_bytes: 32 << 20,
            body_idle_timeout: Duration::from_secs(30),
            max_context_tokens: 202_752,
            max_output_tokens: 16_384,
            reserved_tokens: 512,
            profiles: Vec::new(),
            aliases: ["claude-*", "glm-5.1-fp8", "kimi-k2.6"].map(str::to_owned).into(),
            extra_routes: Vec::new(),
            echo_requested_model: false,
            concurrency: 8_192,
            queue_length: 1_024,
            queue_bytes: 256 << 20,
            queue_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
            tracing: None,
        }
    }
}
