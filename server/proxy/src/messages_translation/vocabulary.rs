//! The words that whole and streamed answers share.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::token_counts::TokenCounts;

/// Usage as the Messages API counts it: what came from the cache is no input.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub(super) struct Usage {
    input_tokens: u64,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_read_input_tokens: Option<u64>,
}

/// Why an answer ended, in both dialects' words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Stop {
    pub(super) stop_reason: Option<&'static str>,
    /// The text that ended the answer, if one of the caller's did.
    pub(super) stop_sequence: Option<String>,
}

/// How the engine says why a choice ended.
#[derive(Debug, Deserialize)]
pub(super) struct Finish<'a> {
    #[serde(borrow)]
    pub(super) finish_reason: Option<Cow<'a, str>>,
    /// The stop text that was met, or a token's number.
    #[serde(borrow)]
    pub(super) stop_reason: Option<&'a RawValue>,
}

impl From<TokenCounts> for Usage {
    fn from(counts: TokenCounts) -> Self {
        let cached = counts.cached.filter(|&cached| cached > 0);
        Self {
            input_tokens: counts.prompt.unwrap_or(0).saturating_sub(cached.unwrap_or(0)),
            output_tokens: counts.completion.unwrap_or(0),
            cache_read_input_tokens: cached,
        }
    }
}

impl Finish<'_> {
    /// The same in Anthropic's words. A forced tool call ends with `stop` in vLLM, hence `tool_used`.
    pub(super) fn stop(&self, tool_used: bool) -> Stop {
        let sequence: Option<String> = self.stop_reason.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let plain = |reason| Stop {
            stop_reason: Some(reason),
            stop_sequence: None,
        };
        match (self.finish_reason.as_deref(), sequence) {
            (Some("length"), _) => plain("max_tokens"),
            (Some("tool_calls"), _) => plain("tool_use"),
            (Some("stop"), Some(sequence)) => Stop {
                stop_reason: Some("stop_sequence"),
                stop_sequence: Some(sequence),
            },
            (Some("stop"), None) if tool_used => plain("tool_use"),
            (Some("stop"), None) => plain("end_turn"),
            _ => Stop::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_to_stop_as_a_table() {
        let cases = [
            (r#"{"finish_reason":"stop"}"#, false, Some("end_turn"), None),
            (
                r#"{"finish_reason":"stop","stop_reason":151643}"#,
                false,
                Some("end_turn"),
                None,
            ),
            (
                r#"{"finish_reason":"stop","stop_reason":"END"}"#,
                false,
                Some("stop_sequence"),
                Some("END"),
            ),
            (r#"{"finish_reason":"stop"}"#, true, Some("tool_use"), None),
            (r#"{"finish_reason":"tool_calls"}"#, true, Some("tool_use"), None),
            (r#"{"finish_reason":"length"}"#, true, Some("max_tokens"), None),
            (r#"{"finish_reason":"abort"}"#, false, None, None),
            (r#"{"finish_reason":null}"#, false, None, None),
        ];
        for (json, tool_used, reason, sequence) in cases {
            let stop = serde_json::from_str::<Finish<'_>>(json).unwrap().stop(tool_used);
            assert_eq!(
                (stop.stop_reason, stop.stop_sequence.as_deref()),
                (reason, sequence),
                "{json}"
            );
        }
    }
}
