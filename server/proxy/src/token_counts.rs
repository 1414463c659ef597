//! The usage objects of the two dialects, read as one.

use worv_core::usage::MOST_TOKENS;

use crate::json::{Object, each_member};

/// Where a chat completion says more of its prompt and of its answer.
const COMPLETION_DETAILS: [&str; 2] = ["prompt_tokens_details", "completion_tokens_details"];

/// Where a response does.
const RESPONSE_DETAILS: [&str; 2] = ["input_tokens_details", "output_tokens_details"];

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

impl TokenCounts {
    /// Reads the `usage` of a chat completion or of one of its chunks.
    pub(crate) fn from_openai(json: &[u8]) -> Option<Self> {
        Self::as_vllm_writes(json).or_else(|| Self::in_general(json))
    }

    /// Reads it however it is written.
    fn in_general(json: &[u8]) -> Option<Self> {
        Self::read_openai(json, ["prompt_tokens", "completion_tokens"], COMPLETION_DETAILS)
    }

    /// Reads it where it is to the letter what vLLM writes into every chunk, which takes a fraction of the time.
    fn as_vllm_writes(json: &[u8]) -> Option<Self> {
        let (prompt, rest) = digits(json.strip_prefix(br#"{"prompt_tokens":"#)?)?;
        let (_total, rest) = digits(rest.strip_prefix(br#","total_tokens":"#)?)?;
        let (completion, rest) = digits(rest.strip_prefix(br#","completion_tokens":"#)?)?;
        let (reasoning, rest) = match rest.strip_prefix(br#","completion_tokens_details":{"reasoning_tokens":"#) {
            Some(rest) => {
                let (reasoning, rest) = digits(rest)?;
                (Some(reasoning), rest.strip_prefix(b"}")?)
            }
            None => (None, rest),
        };
        (rest == b"}").then_some(Self {
            prompt: Some(prompt),
            cached: None,
            completion: Some(completion),
            reasoning,
        })
    }

    /// Reads the `usage` of a response (`/v1/responses`).
    pub(crate) fn from_responses(json: &[u8]) -> Option<Self> {
        Self::read_openai(json, ["input_tokens", "output_tokens"], RESPONSE_DETAILS)
    }

    /// Reads what both of OpenAI's APIs say under names of their own: of the prompt and of the answer, and more of each.
    fn read_openai(json: &[u8], [prompt, answer]: [&str; 2], [of_prompt, of_answer]: [&str; 2]) -> Option<Self> {
        Self::read(json, |counts, name, value| {
            match name {
                name if name == prompt => counts.prompt = number(value)?,
                name if name == answer => counts.completion = number(value)?,
                name if name == of_prompt => counts.cached = detail(value, "cached_tokens")?,
                name if name == of_answer => counts.reasoning = detail(value, "reasoning_tokens")?,
                _ => {}
            }
            Some(())
        })
    }

    /// Reads the `usage` of a message. There `input_tokens` leaves out what was read from or written to the cache
    /// (<https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching>).
    pub(crate) fn from_anthropic(json: &[u8]) -> Option<Self> {
        let mut written_to_cache = None;
        let counts = Self::read(json, |counts, name, value| {
            match name {
                "input_tokens" => counts.prompt = number(value)?,
                "output_tokens" => counts.completion = number(value)?,
                "cache_read_input_tokens" => counts.cached = number(value)?,
                "cache_creation_input_tokens" => written_to_cache = number(value)?,
                _ => {}
            }
            Some(())
        })?;
        let outside = [counts.cached, written_to_cache].into_iter().flatten();
        let prompt = counts.prompt.map(|input| input + outside.sum::<u64>());
        Some(Self { prompt, ..counts })
    }

    /// Reads an object member by member; none where it is not one, or `take` finds a member of another type.
    fn read(json: &[u8], mut take: impl FnMut(&mut Self, &str, &str) -> Option<()>) -> Option<Self> {
        let (mut counts, mut is_usable) = (Self::default(), true);
        let text = str::from_utf8(json).ok()?;
        each_member(text, |member| {
            is_usable &= take(&mut counts, &member.key, member.value).is_some();
        })
        .ok()?;
        is_usable.then_some(counts)
    }
}

/// The number of tokens at the beginning of `json`, and what follows it. Of one that is too long the last digits follow it.
fn digits(json: &[u8]) -> Option<(u64, &[u8])> {
    const MOST_DIGITS: usize = u64::MAX.ilog10() as usize;
    let (mut tokens, mut length) = (0, 0);
    while let Some(digit @ b'0'..=b'9') = json.get(length)
        && length < MOST_DIGITS
    {
        tokens = tokens * 10 + u64::from(digit - b'0');
        length += 1;
    }
    let is_number = length == 1 || length > 1 && json[0] != b'0';
    is_number.then(|| (tokens.min(MOST_TOKENS), &json[length..]))
}

/// A number of tokens that may be null; none where it is something else.
#[expect(clippy::option_option, reason = "what is null is no error")]
fn number(value: &str) -> Option<Option<u64>> {
    match value {
        "null" => Some(None),
        digits => digits.parse().ok().map(|tokens: u64| Some(tokens.min(MOST_TOKENS))),
    }
}

/// The number of that name in an object, either of which may be null.
#[expect(clippy::option_option, reason = "what is null is no error")]
fn detail(value: &str, name: &str) -> Option<Option<u64>> {
    if value == "null" {
        return Some(None);
    }
    match Object::parse(value).ok()?.get(name) {
        Some(value) => number(value),
        None => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quick_reading_reads_what_the_general_one_does(prompt: u64, completion: u64, shift in 0..64_u32, reasoning: Option<u16>) {
            let (prompt, completion) = (prompt >> shift, completion >> shift);
            let details = reasoning.map(|tokens| format!(r#","completion_tokens_details":{{"reasoning_tokens":{tokens}}}"#));
            let details = details.unwrap_or_default();
            let json = format!(r#"{{"prompt_tokens":{prompt},"total_tokens":{prompt},"completion_tokens":{completion}{details}}}"#);
            let quick = TokenCounts::as_vllm_writes(json.as_bytes());
            prop_assert_eq!(quick.is_none(), prompt.max(completion) >= 10_u64.pow(19));
            prop_assert!(quick.is_none() || quick == TokenCounts::in_general(json.as_bytes()));
        }

        #[test]
        fn quick_reading_takes_nothing_that_the_general_one_refuses(at: prop::sample::Index, byte in prop::sample::select(b"0129{}[]\",: -e.\0".to_vec()), inserts: bool) {
            let mut json = br#"{"prompt_tokens":1,"total_tokens":20,"completion_tokens":0,"completion_tokens_details":{"reasoning_tokens":3}}"#.to_vec();
            let at = at.index(json.len());
            if inserts {
                json.insert(at, byte);
            } else {
                json[at] = byte;
            }
            let quick = TokenCounts::as_vllm_writes(&json);
            prop_assert!(quick.is_none() || quick == TokenCounts::in_general(&json));
        }
    }

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
    fn no_count_is_so_large_that_sums_of_it_overflow() {
        let absurd = br#"{"prompt_tokens":18446744073709551615,"completion_tokens":1111111111111111111}"#;
        let counts = TokenCounts::from_openai(absurd).unwrap();
        assert_eq!(
            (counts.prompt, counts.completion),
            (Some(MOST_TOKENS), Some(MOST_TOKENS))
        );
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
