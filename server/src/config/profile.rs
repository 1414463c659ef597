//! The models that the engine may be started with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `[[profile]]`: a model that the engine may be started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that the engine serves it under. Each profile's name leads to whichever model is live.
    pub name: String,
    /// Further names that lead to the live model, whichever that is, in any case: whole names, or beginnings followed by `*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Prompt and answer of this model together, in tokens, in place of `limits.max_context_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_context_tokens: Option<u64>,
    /// The longest answer of this model, in tokens, in place of `limits.max_output_tokens`.
    #[serde(default)]
    pub max_output_tokens: Option<u64>,
    /// How this model is told to think; without it, what is known of its family.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Thinking>,
    /// What the engine that serves it makes of `/v1/messages`; without it, the engine is asked when it comes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Messages>,
    /// Take Han script out of its answers: text and reasoning, never what tools are called with.
    #[serde(default)]
    pub strip_han: bool,
}

/// `[profile.thinking]`: what is put into `chat_template_kwargs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thinking {
    /// The member that switches thinking.
    pub switch: Switch,
    /// Whether the model thinks when nothing is asked for.
    pub default: bool,
    /// Efforts that may be asked for, each with what the template is told. Without any, every effort but `none` switches
    /// thinking on.
    #[serde(default)]
    pub efforts: BTreeMap<String, String>,
}

/// The members of `chat_template_kwargs` that switch thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// `thinking`: DeepSeek, Kimi.
    Thinking,
    /// `enable_thinking`: GLM, Qwen.
    EnableThinking,
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
            aliases: Vec::new(),
            max_context_tokens: None,
            max_output_tokens: None,
            thinking: None,
            messages: None,
            strip_han: false,
        }
    }
}
