//! The usage objects of the two dialects, read as one.

use serde::Deserialize;

/// What an engine said was used, as far as it said it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenCounts {
    /// Tokens of the prompt, cached ones included.
    pub(crate) prompt: Option<u64>,
    /// Tokens of the prompt that came from the prefix cache.
    pub(crate) cached: Option<u64>,
    /// Tokens generated, reasoning included.
    pub(crate) completion: Option<u64>,
    /// Tokens of the completion that were reasoning.
    pub(crate) reasoning: Option<u64>,
}

#[derive(Deserialize)]
struct OpenAiUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct ResponsesUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<PromptDetails>,
    output_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
struct AnthropicUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

impl TokenCounts {
    /// Reads the `usage` of a chat completion or of one of its chunks.
    pub(crate) fn from_openai(json: &[u8]) -> Option<Self> {
        let usage: OpenAiUsage = serde_json::from_slice(json).ok()?;
        Some(Self {
            prompt: usage.prompt_tokens,
            cached: usage.prompt_tokens_details.and_then(|details| details.cached_tokens),
            completion: usage.completion_tokens,
            reasoning: usage
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens),
        })
    }

    /// Reads the `usage` of a response (`/v1/responses`).
    pub(crate) fn from_responses(json: &[u8]) -> Option<Self> {
        let usage: ResponsesUsage = serde_json::from_slice(json).ok()?;
        Some(Self {
            prompt: usage.input_tokens,
            cached: usage.input_tokens_details.and_then(|details| details.cached_tokens),
            completion: usage.output_tokens,
            reasoning: usage.output_tokens_details.and_then(|details| details.reasoning_tokens),
        })
    }

    /// Reads the `usage` of a message. There `input_tokens` leaves out what was read from or written to the cache
    /// (<https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>).
    pub(crate) fn from_anthropic(json: &[u8]) -> Option<Self> {
        let usage: AnthropicUsage = serde_json::from_slice(json).ok()?;
        let cache = usage.cache_read_input_tokens.unwrap_or(0) + usage.cache_creation_input_tokens.unwrap_or(0);
        Some(Self {
            prompt: usage.input_tokens.map(|input| input + cache),
            cached: usage.cache_read_input_tokens,
            completion: usage.output_tokens,
            reasoning: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_count_cached_tokens_into_the_prompt() {
        let openai = br#"{"prompt_tokens":10,"total_tokens":13,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8}}"#;
        let anthropic = br#"{"input_tokens":2,"output_tokens":3,"cache_read_input_tokens":8}"#;
        let expected = TokenCounts {
            prompt: Some(10),
            cached: Some(8),
            completion: Some(3),
            reasoning: None,
        };
        assert_eq!(TokenCounts::from_openai(openai), Some(expected));
        assert_eq!(TokenCounts::from_anthropic(anthropic), Some(expected));
    }

    #[test]
    fn details_may_be_null_and_other_types_are_no_usage() {
        let usage = br#"{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":1}}"#;
        let expected = TokenCounts {
            prompt: Some(1),
            cached: None,
            completion: Some(2),
            reasoning: Some(1),
        };
        assert_eq!(TokenCounts::from_openai(usage), Some(expected));
        assert_eq!(TokenCounts::from_openai(b"null"), None);
        assert_eq!(TokenCounts::from_anthropic(b"7"), None);
    }
}
