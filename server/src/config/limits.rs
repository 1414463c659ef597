//! What a request may ask for.

use serde::{Deserialize, Serialize};

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Prompt and answer together, in tokens; the engine's own window holds as well, if it is smaller.
    pub max_context_tokens: u64,
    /// The longest answer, in tokens.
    pub max_output_tokens: u64,
    /// Tokens of the window that are kept free for the chat template.
    pub reserved_tokens: u64,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Requests that the engine is given at the same time; more wait, and are let in by their keys' weights.
    pub concurrency: usize,
    /// Requests that wait at the same time; more are refused with 503.
    pub queue_length: usize,
    /// Bytes that the requests that wait have together; more are refused with 503.
    pub queue_bytes: usize,
    /// Seconds that a request waits at most, also while the model is being switched, before it is refused with 503.
    pub queue_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_context_tokens: 202_752,
            max_output_tokens: 16_384,
            reserved_tokens: 512,
            max_body_bytes: 32 * 1024 * 1024,
            concurrency: 8_192,
            queue_length: 1_024,
            queue_bytes: 256 * 1024 * 1024,
            queue_seconds: 30,
        }
    }
}
