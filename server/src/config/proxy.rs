//! The data path.

use serde::{Deserialize, Serialize};

/// `[proxy]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// Further model names that lead to the live model, in any case: whole names, or beginnings followed by `*`.
    pub aliases: Vec<String>,
    /// Further paths of the engine's under `/v1/` that take JSON with a model, such as `/v1/classify`. They are served like the
    /// others, authenticated and metered.
    pub extra_routes: Vec<String>,
    /// Answers name the model as the caller wrote it, instead of by the engine's own name.
    pub echo_requested_model: bool,
    /// Seconds of silence on a stream after which a comment or ping is sent, so that nothing in between gives it up.
    pub keep_alive_seconds: u64,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            aliases: ["claude-*", "glm-5.1-fp8", "kimi-k2.6"].map(str::to_owned).into(),
            extra_routes: Vec::new(),
            echo_requested_model: false,
            keep_alive_seconds: 15,
        }
    }
}
