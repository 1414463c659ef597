//! API keys as the console and the command line show and change them.

use serde::{Deserialize, Serialize};

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Unix milliseconds; none if it is not suspended.
    pub suspended_at: Option<i64>,
    /// Up to when the secret from before the latest rotation works, in Unix milliseconds; none if it was never rotated.
    pub previous_until: Option<i64>,
    /// Unix milliseconds; none if it has never been used.
    pub last_used_at: Option<i64>,
    /// What it may do.
    pub settings: KeySettings,
}

/// Whether a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It works.
    Active,
    /// It is refused until it is resumed.
    Suspended,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// What a key may do. The default sets no limit of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// For lists and filters: at most 20 of at most 50 characters.
    pub tags: Vec<String>,
    /// The profiles that the key may use; none for all. At most 100 of at most 200 characters, and never an empty list.
    pub models: Option<Vec<String>>,
    /// Requests that are admitted in a minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens, of prompts and answers, in a minute.
    pub tokens_per_minute: Option<u64>,
    /// Requests under way at the same time.
    pub concurrency: Option<u64>,
    /// Tokens, of prompts and answers, in a UTC day.
    pub budget_day: Option<u64>,
    /// Tokens, of prompts and answers, in a UTC month.
    pub budget_month: Option<u64>,
    /// Tokens that one answer may have.
    pub max_output_tokens: Option<u64>,
    /// Share of the engine when requests have to wait, against other keys' weights: 1 to 1000, usually 100.
    pub weight: u16,
    /// Whether Han script is taken out of answers.
    pub strip_han: bool,
    /// Whether answers name the model as the caller wrote it.
    pub echo_model: bool,
}

/// What is needed to create a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Days until it expires, 1 to 3650; none for never, unless there is a moment.
    #[serde(default)]
    pub expires_in_days: Option<u32>,
    /// The moment at which it expires, in Unix milliseconds, in place of a number of days.
    #[serde(default)]
    pub expires_at: Option<i64>,
    /// What it may do.
    #[serde(default)]
    pub settings: KeySettings,
}

/// What can be changed of a key. As a JSON merge patch (RFC 7396) it need not be whole: what is left out stays, and
/// null takes a limit away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct KeyEdit {
    /// 1 to 100 characters.
    pub name: String,
    /// At most 100 characters.
    pub owner: String,
    /// At most 500 characters.
    pub note: String,
    /// Unix milliseconds, ahead unless it is what it was; none for never.
    pub expires_at: Option<i64>,
    /// What it may do.
    pub settings: KeySettings,
}

/// How a key is given another secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct KeyRotation {
    /// Hours for which the secret from before works on, 0 to 720.
    pub overlap_hours: u32,
}

/// A new key with its secret, which is never shown again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreatedKey {
    /// The key.
    pub key: ApiKey,
    /// The secret.
    pub secret: String,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            tags: Vec::new(),
            models: None,
            requests_per_minute: None,
            tokens_per_minute: None,
            concurrency: None,
            budget_day: None,
            budget_month: None,
            max_output_tokens: None,
            weight: 100,
            strip_han: false,
            echo_model: false,
        }
    }
}
