//! The machine that the engine runs on.

use serde::{Deserialize, Serialize};

/// `[node]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Node {
    /// What this machine is called where switches and the GPUs' minutes are kept.
    pub name: String,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            name: "local".to_owned(),
        }
    }
}
