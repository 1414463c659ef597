//! API keys as the console shows them.

use serde::{Deserialize, Serialize};

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its number.
    pub id: i64,
    /// The name the operator gave it.
    pub name: String,
    /// Whom it belongs to; may be empty.
    pub owner: String,
    /// A note; may be empty.
    pub note: String,
    /// Its first characters.
    pub prefix: String,
    /// Its last four characters.
    pub last_four: String,
    /// Whether it works now.
    pub status: KeyStatus,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds; none if it does not expire.
    pub expires_at: Option<i64>,
    /// Unix milliseconds; none if it has not been revoked.
    pub revoked_at: Option<i64>,
    /// Unix milliseconds; none if it has never been used.
    pub last_used_at: Option<i64>,
}

/// Whether a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It works.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// What is needed to create a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// 1 to 100 characters.
    pub name: String,
    /// At most 100 characters.
    #[serde(default)]
    pub owner: String,
    /// At most 500 characters.
    #[serde(default)]
    pub note: String,
    /// Days until it expires, 1 to 3650; none for never.
    #[serde(default)]
    pub expires_in_days: Option<u32>,
}

/// A new key with its secret, which is never shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// The secret.
    pub secret: String,
}
