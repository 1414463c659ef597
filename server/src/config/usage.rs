//! How usage is kept.

use serde::{Deserialize, Serialize};

/// `[usage]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Whether the end of an answer waits for its usage row.
    pub durability: Durability,
    /// Days that the rows of single requests are kept. Their sums are kept for ever.
    pub keep_requests_days: u32,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            durability: Durability::Strict,
            keep_requests_days: 90,
        }
    }
}

/// Whether the end of an answer waits for its usage row to be on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// It waits, a few milliseconds.
    #[default]
    Strict,
    /// It does not; a crash may lose the last rows.
    Relaxed,
}
