//! The models that the engine may be started with.

use serde::{Deserialize, Serialize};

/// `[[profile]]`: a model that the engine may be started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that the engine serves it under. Each profile's name leads to whichever model is live.
    pub name: String,
    /// The longest answer of this model, in tokens, in place of `limits.max_output_tokens`.
    #[serde(default)]
    pub max_output_tokens: Option<u64>,
    /// What the engine that serves it makes of `/v1/messages`; without it, the engine is asked when it comes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Messages>,
    /// Take Han script out of its answers: text and reasoning, never what tools are called with.
    #[serde(default)]
    pub strip_han: bool,
}

/// What an engine makes of `/v1/messages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Messages {
    /// It serves it: vLLM from 0.20.
    Native,
    /// It gets chat completions in its place: vLLM up to 0.19, which drops what is said about thinking there.
    Translated,
}

impl Profile {
    /// A profile of which nothing but the name is known.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            max_output_tokens: None,
            messages: None,
            strip_han: false,
        }
    }
}
