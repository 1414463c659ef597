//! Profiles of the configuration as the data path takes them.

use worv_proxy::{MessagesSupport, ModelProfile, ThinkingMap};

use crate::config;

/// What the data path is told of a profile.
pub fn model_profile(profile: &config::Profile) -> ModelProfile {
    ModelProfile {
        aliases: profile.aliases.clone(),
        max_context_tokens: profile.max_context_tokens,
        thinking: profile
            .thinking
            .as_ref()
            .map(thinking_map)
            .or_else(|| ThinkingMap::of_model(&profile.name)),
        max_output_tokens: profile.max_output_tokens,
        strip_han: profile.strip_han,
        audio: profile.audio,
        messages: profile.messages.map(|messages| match messages {
            config::Messages::Native => MessagesSupport::Native,
            config::Messages::Translated => MessagesSupport::Translated,
        }),
        ..ModelProfile::of_model(&profile.name)
    }
}

fn thinking_map(thinking: &config::Thinking) -> ThinkingMap {
    let switch = match thinking.switch {
        config::Switch::Thinking => "thinking",
        config::Switch::EnableThinking => "enable_thinking",
    };
    ThinkingMap {
        switch: switch.to_owned(),
        default: thinking.default,
        efforts: thinking.efforts.clone().into_iter().collect(),
    }
}
