//! Who did what to what, from where.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Entries of the audit log, the latest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// What to ask for as `before` to get those before; none if there are none.
    pub next_before: Option<i64>,
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEntry {
    /// Its number; a later entry has a higher one.
    pub id: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// What was done, such as `key.revoke`.
    pub action: String,
    /// To what, such as `key 7`.
    pub subject: String,
    /// From where: an address, or `local` for the command line.
    pub address: String,
    /// What it was before; none for what is new, and never a secret.
    pub before: Option<Value>,
    /// What it is since; none for what is gone, and never a secret.
    pub after: Option<Value>,
}

/// Which entries to list. Filters match whole texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct AuditFilter {
    /// What this actor did only; empty for all.
    pub actor: String,
    /// This action only; empty for all.
    pub action: String,
    /// What was done to this subject only; empty for all.
    pub subject: String,
    /// What was done from this address only; empty for all.
    pub address: String,
    /// Entries since this moment only, in Unix milliseconds.
    pub from: Option<i64>,
    /// Entries before this moment only, in Unix milliseconds.
    pub to: Option<i64>,
    /// Entries from before this one only.
    pub before: Option<i64>,
    /// At most this many, 1 to 500; 50 without it.
    pub limit: Option<u32>,
}
