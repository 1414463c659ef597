//! How usage is kept.

use serde::{Deserialize, Serialize};

/// `[usage]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Whether the end of an answer waits for its usage row.
    pub durability: Durability,
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
