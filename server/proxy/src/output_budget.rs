//! How many tokens an answer may have, so that prompt and answer fit the window together.
//!
//! Counting a long prompt costs the engine far more than carrying it, so it is asked only when it can matter: a token is
//! at least one byte, so the body's length bounds the prompt from above, and for most requests that settles it.

use std::num::IntErrorKind;

use crate::{
    dialect::Dialect,
    error::ApiError,
    json::{Edit, Object},
};
use worv_core::{key::KeySettings, usage::Endpoint};

/// The code by which OpenAI's clients know a prompt that is too long.
pub(crate) const CONTEXT_LENGTH_EXCEEDED: &str = "context_length_exceeded";

/// What a request asks for and what it may have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputBudget {
    /// The members that set the length of the answer, the one that the engine heeds first.
    names: &'static [&'static str],
    /// Whether the first of them is filled in if none is given.
    filled_in: bool,
    /// What the caller asks for, if anything.
    asked: Option<u64>,
    /// What is asked for, or the ceiling; never above the ceiling.
    wanted: u64,
    /// Prompt and answer together, less what is kept free.
    room: u64,
    window: u64,
    /// The member that holds the prompt.
    prompt_field: &'static str,
}

/// How long a prompt is, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptLength {
    /// Exactly this.
    Counted(u64),
    /// About this.
    Estimated(u64),
    /// Its words alone are so many; with what the template adds to them it is about that long.
    AtLeast {
        /// Of the words.
        words: u64,
        /// Of all of it.
        about: u64,
    },
}

/// The limits in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Prompt and answer together.
    pub(crate) window: u64,
    /// Kept free for what the chat template adds.
    pub(crate) reserved: u64,
    /// The longest answer.
    pub(crate) max_output: u64,
}

impl Limits {
    /// The same for a key, which may have its own idea of the longest answer.
    pub(crate) fn of_key(self, settings: &KeySettings) -> Self {
        Self {
            max_output: settings.max_output_tokens.unwrap_or(self.max_output),
            ..self
        }
    }
}

impl PromptLength {
    /// The number alone, the lowest where there are two.
    pub(crate) fn tokens(self) -> u64 {
        match self {
            Self::Counted(tokens) | Self::Estimated(tokens) | Self::AtLeast { words: tokens, .. } => tokens,
        }
    }
}

impl OutputBudget {
    /// Reads what a request asks for.
    pub(crate) fn of(endpoint: Endpoint, object: &Object<'_>, limits: Limits) -> Result<Option<Self>, ApiError> {
        let Some(LengthFields {
            names,
            default,
            filled_in,
            prompt_field,
        }) = fields(endpoint)
        else {
            return Ok(None);
        };
        let given = names.iter().find_map(|&field| Some((field, object.given(field)?)));
        let asked = match given {
            None => None,
            Some((field, value)) => match value.parse::<u64>() {
                Ok(asked) if asked > 0 => Some(asked),
                // Asking for more than there is is no error, however much more it is.
                Err(error) if *error.kind() == IntErrorKind::PosOverflow => Some(u64::MAX),
                _ => {
                    return Err(ApiError::invalid_field(
                        field,
                        format!("`{field}` must be a whole number above 0."),
                    ));
                }
            },
        };
        Ok(Some(Self {
            names,
            filled_in,
            asked,
            wanted: asked.or(default).unwrap_or(limits.max_output).min(limits.max_output),
            room: limits.window.saturating_sub(limits.reserved),
            window: limits.window,
            prompt_field,
        }))
    }

    /// Whether the prompt has to be counted: its bytes leave open whether everything fits, or it has images, sound or
    /// video, which take tokens that their bytes do not bound.
    pub(crate) fn needs_count(&self, bytes: usize, object: &Object<'_>) -> bool {
        bytes as u64 + self.wanted > self.room || object.seen().media
    }

    /// What the answer may have where the prompt is known to be short.
    pub(crate) fn wanted(&self) -> u64 {
        self.wanted
    }

    /// Whether the caller had asked for more than this.
    pub(crate) fn clamps_to(&self, granted: u64) -> bool {
        self.asked.is_some_and(|asked| asked > granted)
    }

    /// What the answer may have beside such a prompt. An estimate never refuses: then the engine has the last word.
    pub(crate) fn beside(&self, prompt: PromptLength, dialect: Dialect) -> Result<u64, ApiError> {
        match prompt {
            PromptLength::Counted(prompt) | PromptLength::AtLeast { words: prompt, .. } if prompt >= self.room => {
                let maximum = self.room.saturating_sub(1);
                Err(match dialect {
                    Dialect::Anthropic => prompt_too_long(prompt, maximum),
                    Dialect::OpenAi => context_length_exceeded(self.prompt_field, prompt, self.window),
                })
            }
            PromptLength::Counted(prompt) => Ok(self.wanted.min(self.room - prompt)),
            PromptLength::Estimated(prompt) | PromptLength::AtLeast { about: prompt, .. } => {
                let least = self.window.saturating_sub(self.room).max(1);
                Ok(self.wanted.min(self.room.saturating_sub(prompt).max(least)))
            }
        }
    }

    /// Makes the request ask for what is granted.
    pub(crate) fn edits(&self, object: &Object<'_>, granted: u64) -> Vec<Edit<'static>> {
        let value = granted.to_string();
        let given = |field: &&&str| object.given(field).is_some();
        let mut edits = Vec::with_capacity(2);
        for &field in self.names.iter().filter(given) {
            if object.get(field) != Some(&value) {
                edits.push((field, Some(value.clone().into())));
            }
        }
        let none_given = self.filled_in && !self.names.iter().any(|field| given(&field));
        if let Some(field) = self.names.first().filter(|_| none_given) {
            edits.push((field, Some(value.into())));
        }
        edits
    }
}

/// 400: the prompt alone is too long, in the words that Anthropic's clients act on.
pub(crate) fn prompt_too_long(prompt: u64, maximum: u64) -> ApiError {
    ApiError::invalid(format!("prompt is too long: {prompt} tokens > {maximum} maximum"))
}

/// The same with the code that OpenAI's clients act on, and in words that they know.
fn context_length_exceeded(field: &'static str, prompt: u64, window: u64) -> ApiError {
    let message = format!(
        "This model's maximum context length is {window} tokens. However, your {field} resulted in {prompt} tokens. Please reduce the length of the {field}."
    );
    ApiError {
        code: Some(CONTEXT_LENGTH_EXCEEDED),
        ..ApiError::invalid_field(field, message)
    }
}

/// How a route's requests say how long the answer may be.
struct LengthFields {
    names: &'static [&'static str],
    /// What the engine takes if nothing is said; none if it would take the rest of the window, or refuse.
    default: Option<u64>,
    /// Whether the first of the names is filled in if nothing is said.
    filled_in: bool,
    /// The member that holds the prompt.
    prompt_field: &'static str,
}

/// The fields of a route; none where there is no answer to generate.
fn fields(endpoint: Endpoint) -> Option<LengthFields> {
    let (names, default, filled_in, prompt_field): (&[_], _, _, _) = match endpoint {
        Endpoint::ChatCompletions => (&["max_completion_tokens", "max_tokens"], None, true, "messages"),
        Endpoint::Responses => (&["max_output_tokens"], None, true, "input"),
        Endpoint::Completions => (&["max_tokens"], Some(16), false, "prompt"),
        Endpoint::Messages => (&["max_tokens"], None, false, "messages"),
        Endpoint::CountTokens
        | Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Transcriptions
        | Endpoint::Translations
        | Endpoint::Other => return None,
    };
    Some(LengthFields {
        names,
        default,
        filled_in,
        prompt_field,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        window: 1000,
        reserved: 100,
        max_output: 300,
    };

    fn budget(body: &str) -> OutputBudget {
        OutputBudget::of(Endpoint::ChatCompletions, &Object::parse(body).unwrap(), LIMITS)
            .unwrap()
            .unwrap()
    }

    #[test]
    fn the_grant_as_a_table() {
        use PromptLength::{AtLeast, Counted, Estimated};
        let cases = [
            ("{}", Counted(10), Ok(300)),
            (r#"{"max_tokens":50}"#, Counted(10), Ok(50)),
            (r#"{"max_tokens":32000}"#, Counted(10), Ok(300)),
            (r#"{"max_tokens":50,"max_completion_tokens":70}"#, Counted(10), Ok(70)),
            (r#"{"max_tokens":50,"max_completion_tokens":null}"#, Counted(10), Ok(50)),
            (r#"{"max_tokens":99999999999999999999999}"#, Counted(10), Ok(300)),
            ("{}", Counted(700), Ok(200)),
            ("{}", Counted(899), Ok(1)),
            ("{}", Counted(900), Err("prompt is too long: 900 tokens > 899 maximum")),
            (
                "{}",
                Counted(5000),
                Err("prompt is too long: 5000 tokens > 899 maximum"),
            ),
            ("{}", Estimated(700), Ok(200)),
            ("{}", Estimated(5000), Ok(100)),
            (r#"{"max_tokens":5}"#, Estimated(5000), Ok(5)),
            ("{}", AtLeast { words: 680, about: 700 }, Ok(200)),
            ("{}", AtLeast { words: 899, about: 950 }, Ok(100)),
            (
                "{}",
                AtLeast { words: 900, about: 950 },
                Err("prompt is too long: 900 tokens > 899 maximum"),
            ),
        ];
        for (body, prompt, expected) in cases {
            let granted = budget(body)
                .beside(prompt, Dialect::Anthropic)
                .map_err(|error| error.message.into_owned());
            assert_eq!(granted, expected.map_err(str::to_owned), "{body} {prompt:?}");
        }
    }

    #[test]
    fn the_request_then_asks_for_what_is_granted_in_every_field_it_uses() {
        let cases = [
            ("{}", r#"{"max_completion_tokens":200}"#),
            (r#"{"max_tokens":200}"#, r#"{"max_tokens":200}"#),
            (r#"{"max_tokens":9000}"#, r#"{"max_tokens":200}"#),
            (
                r#"{"max_tokens":null}"#,
                r#"{"max_tokens":null,"max_completion_tokens":200}"#,
            ),
            (
                r#"{"max_tokens":1,"max_completion_tokens":900}"#,
                r#"{"max_tokens":200,"max_completion_tokens":200}"#,
            ),
        ];
        for (body, expected) in cases {
            let object = Object::parse(body).unwrap();
            assert_eq!(object.with(&budget(body).edits(&object, 200)), expected);
        }
    }

    #[test]
    fn only_whole_positive_numbers_are_lengths() {
        for value in ["0", "-1", "1.5", "1e3", "\"9\"", "true", "[]"] {
            let body = format!(r#"{{"max_tokens":{value}}}"#);
            let refused = OutputBudget::of(Endpoint::Messages, &Object::parse(&body).unwrap(), LIMITS);
            assert_eq!(refused.unwrap_err().param, Some("max_tokens"), "{value}");
        }
    }

    #[test]
    fn short_prompts_are_not_counted_and_media_always() {
        let needs_count = |asked, bytes, body| budget(asked).needs_count(bytes, &Object::parse(body).unwrap());
        assert!(!needs_count("{}", 600, "{}"));
        assert!(needs_count("{}", 601, "{}"));
        assert!(!needs_count(r#"{"max_tokens":1}"#, 899, "{}"));
        assert!(needs_count(
            "{}",
            20,
            r#"{"messages":[{"content":[{"type":"image_url"}]}]}"#
        ));
        assert!(needs_count(
            "{}",
            20,
            r#"{"messages":[{"content":[{"type":"image"}]}]}"#
        ));
        assert!(!needs_count(
            "{}",
            20,
            r#"{"messages":[{"content":"an image is worth"}]}"#
        ));
    }
}
