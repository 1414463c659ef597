//! What differs between the versions of vLLM, as data.

use super::Version;

/// How one version behaves where versions differ. Each row is named for what is true of it.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a table of independent yes-or-no facts about a version"
)]
pub(super) struct Quirks {
    /// The model thinks when nothing is said about it.
    pub thinks_by_default: bool,
    /// What `reasoning_effort` may be on chat completions.
    pub chat_efforts: &'static [&'static str],
    /// `reasoning_effort` also switches thinking on and off.
    pub effort_switches_thinking: bool,
    /// `chat_template_kwargs` is read on `/v1/messages`; else it is dropped without a word.
    pub messages_template_kwargs: bool,
    /// `output_config.effort` is read on `/v1/messages`.
    pub messages_effort: bool,
    /// `thinking` is read on `/v1/messages`.
    pub messages_thinking: bool,
    /// Turns of role `system` are taken on `/v1/messages`.
    pub messages_system_turns: bool,
    /// The content blocks that `/v1/messages` knows.
    pub messages_blocks: &'static [&'static str],
    /// `message_delta` says which stop text ended the answer.
    pub messages_stop_sequence: bool,
    /// A failure in the middle of a Messages stream is told in the engine's words; before, the converter fails on them.
    pub messages_typed_failure: bool,
    /// `message_start` says the message's `type` and `role`.
    pub whole_message_start: bool,
    /// Anthropic errors carry Anthropic's names of types, not vLLM's.
    pub anthropic_error_types: bool,
    /// A prompt over the window is a 500 on `/v1/messages` and `count_tokens`.
    pub overflow_is_500_on_messages: bool,
    /// Prompt and answer together over the window: the answer is shortened; else the request is refused.
    pub shortens_output: bool,
    /// The refusal of `max_tokens` over the window lacks a space.
    pub lacks_a_space: bool,
    /// Usage says how many tokens were reasoning.
    pub counts_reasoning: bool,
    /// `chat_template_kwargs` is read on `/v1/responses`.
    pub responses_template_kwargs: bool,
    /// A refusal of a model names those that there are.
    pub names_aliases: bool,
    /// Answers carry `system_fingerprint` and the newer null fields.
    pub newer_fields: bool,
}

const OLD_BLOCKS: [&str; 6] = [
    "text",
    "image",
    "tool_use",
    "tool_result",
    "thinking",
    "redacted_thinking",
];

/// The last two came after the first seven.
const NEW_BLOCKS: [&str; 9] = [
    "text",
    "image",
    "tool_use",
    "tool_result",
    "tool_reference",
    "thinking",
    "redacted_thinking",
    "tool_addition",
    "tool_removal",
];

impl From<Version> for Quirks {
    fn from(version: Version) -> Self {
        let since = |first: Version| version >= first;
        Self {
            thinks_by_default: since(Version::V0_32_0),
            chat_efforts: if since(Version::V0_21_0) {
                &["none", "minimal", "low", "medium", "high", "xhigh", "max"]
            } else {
                &["none", "low", "medium", "high"]
            },
            effort_switches_thinking: since(Version::V0_22_1),
            messages_template_kwargs: since(Version::V0_20_0),
            messages_effort: since(Version::V0_24_0),
            messages_thinking: since(Version::V0_32_0),
            messages_system_turns: since(Version::V0_24_0),
            messages_blocks: match version {
                _ if since(Version::V0_32_0) => &NEW_BLOCKS,
                _ if since(Version::V0_24_0) => NEW_BLOCKS.split_at(7).0,
                _ => &OLD_BLOCKS,
            },
            messages_stop_sequence: since(Version::V0_32_0),
            messages_typed_failure: since(Version::V0_33_0),
            whole_message_start: since(Version::V0_24_0),
            anthropic_error_types: since(Version::V0_33_0),
            overflow_is_500_on_messages: !since(Version::V0_32_0),
            shortens_output: since(Version::V0_32_0),
            lacks_a_space: !since(Version::V0_20_0),
            counts_reasoning: since(Version::V0_32_0),
            responses_template_kwargs: since(Version::V0_22_1),
            names_aliases: since(Version::V0_32_0),
            newer_fields: since(Version::V0_32_0),
        }
    }
}
