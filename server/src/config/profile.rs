//! The models that the engine may be started with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use worv_node::supervisor::Launch;

/// `[[profile]]`: a model that the engine may be started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that the engine serves it under. Each profile's name leads to whichever model is live.
    pub name: String,
    /// What it is, for the people who choose it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
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
    /// Whether the engine that serves it takes sound at `/v1/audio/…`; without it, the engine is asked when it comes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<bool>,
    /// Take Han script out of its answers: text and reasoning, never what tools are called with.
    #[serde(default)]
    pub strip_han: bool,
    /// How the gateway starts the engine with it; without it, others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Launch>,
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
            description: String::new(),
            aliases: Vec::new(),
            max_context_tokens: None,
            max_output_tokens: None,
            thinking: None,
            messages: None,
            audio: None,
            strip_han: false,
            launch: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Profile};

    #[test]
    fn the_profiles_that_ship_are_right_and_serve_under_their_names() {
        let texts = [
            include_str!("../../../deploy/profiles/deepseek-v4-pro.toml"),
            include_str!("../../../deploy/profiles/glm-5.1-fp8.toml"),
            include_str!("../../../deploy/profiles/kimi-k2.6.toml"),
        ];
        let config: Config = toml::from_str(&texts.join("\n")).unwrap();
        config.validate().unwrap();
        let names: Vec<&str> = config.profile.iter().map(|profile| profile.name.as_str()).collect();
        let known: Vec<Profile> = Config::default().profile;
        assert_eq!(
            names,
            known.iter().map(|profile| profile.name.as_str()).collect::<Vec<_>>()
        );
        for profile in &config.profile {
            let argv = &profile.launch.as_ref().unwrap().argv;
            let flag = |name: &str| {
                let at = argv.iter().position(|argument| argument == name);
                at.and_then(|at| argv.get(at + 1)).map(String::as_str)
            };
            assert_eq!(flag("--served-model-name"), Some(profile.name.as_str()));
            let window = profile.max_context_tokens.map(|tokens| tokens.to_string());
            assert_eq!(flag("--max-model-len"), window.as_deref(), "{}", profile.name);
        }
    }
}
