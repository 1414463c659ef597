//! The engine in front of which the gateway stands.

use serde::{Deserialize, Serialize};
use worv_core::Secret;

/// `[engine]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engine {
    /// The vLLM server, such as `http://127.0.0.1:8000`. Required, but for the demo.
    pub url: Option<String>,
    /// Sent to the engine as `Authorization: Bearer`, for one that was started with `--api-key`.
    #[serde(skip_serializing)]
    pub api_key: Option<Secret>,
    /// Refuse to start while the engine does not answer. Off where the two are started in any order.
    pub must_answer_at_start: bool,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            url: None,
            api_key: None,
            must_answer_at_start: true,
        }
    }
}
