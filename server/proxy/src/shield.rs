//! The fields of a request that do not reach the engine as they are: one table, which the documentation prints too.

use crate::{
    error::ApiError,
    json::{Edit, Object},
};

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldRule {
    /// Taken out; the request goes on without it.
    Stripped,
    /// The request is refused, unless the value asks for nothing: `null`, `false`, `0`, `""`, `[]` or `{}`.
    Refused,
    /// The same, but `0` asks for something too.
    RefusedWithZero,
    /// The request is refused if the number is greater than this.
    AtMost(u64),
}

/// A field, what becomes of it, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShieldedField {
    /// The name of a member at the top level of the request.
    pub name: &'static str,
    /// What becomes of it.
    pub rule: FieldRule,
    /// Why.
    pub reason: &'static str,
}

/// Every field that is not passed on as it is.
pub const SHIELDED_FIELDS: &[ShieldedField] = &[
    field(
        "background",
        FieldRule::Refused,
        "leaves an answer behind that any key could fetch",
    ),
    field(
        "best_of",
        FieldRule::AtMost(1),
        "costs as much as an answer for each candidate, and they are thrown away",
    ),
    field(
        "chat_template",
        FieldRule::Refused,
        "runs code of the caller's in the engine",
    ),
    field(
        "ec_transfer_params",
        FieldRule::Stripped,
        "steers the engine's inner connections",
    ),
    field("echo", FieldRule::Refused, "makes the engine answer with the prompt"),
    field(
        "ignore_eos",
        FieldRule::Refused,
        "keeps the engine busy after the answer has ended",
    ),
    field(
        "kv_transfer_params",
        FieldRule::Stripped,
        "steers the engine's inner connections",
    ),
    field(
        "media_io_kwargs",
        FieldRule::Stripped,
        "reaches the engine's media decoders",
    ),
    field(
        "min_tokens",
        FieldRule::Refused,
        "keeps the engine busy after the answer has ended",
    ),
    field(
        "mm_processor_kwargs",
        FieldRule::Stripped,
        "reaches the engine's media decoders",
    ),
    field("n", FieldRule::AtMost(1), "costs as much as an answer for each choice"),
    field(
        "previous_response_id",
        FieldRule::Refused,
        "names an answer that may be another caller's",
    ),
    field("priority", FieldRule::Stripped, "would jump the queue of the others"),
    field(
        "prompt_embeds",
        FieldRule::Refused,
        "is unpacked by the engine without checks",
    ),
    field(
        "prompt_logprobs",
        // 0 asks for the one of each token of the prompt, and has none of it taken from the prefix cache.
        FieldRule::RefusedWithZero,
        "makes the engine answer with a multiple of the prompt",
    ),
    field(
        "request_id",
        FieldRule::Stripped,
        "is the engine's name for the request: set by the gateway",
    ),
    field(
        "return_token_ids",
        FieldRule::Stripped,
        "multiplies the answer's length",
    ),
    field("store", FieldRule::Stripped, "answers are not kept"),
    field("top_logprobs", FieldRule::AtMost(20), "multiplies the answer's length"),
    field(
        "use_beam_search",
        FieldRule::Refused,
        "costs as much as an answer for each beam",
    ),
    field("vllm_xargs", FieldRule::Stripped, "reaches plug-ins of the engine"),
];

const fn field(name: &'static str, rule: FieldRule, reason: &'static str) -> ShieldedField {
    ShieldedField { name, rule, reason }
}

/// Applies the table to a request: what has to be taken out of it, or why it is refused.
pub(crate) fn edits<'a>(object: &Object<'_>) -> Result<Vec<Edit<'a>>, ApiError> {
    let mut edits = Vec::new();
    for field in SHIELDED_FIELDS {
        let Some(value) = object.get(field.name) else { continue };
        field.check(value)?;
        if field.rule == FieldRule::Stripped {
            edits.push((field.name, None));
        }
    }
    Ok(edits)
}

/// Applies the table to a field of a form that is not passed on anyway: why the request is refused for it, if it is.
pub(crate) fn check(name: &str, value: &str) -> Result<(), ApiError> {
    let field = SHIELDED_FIELDS.iter().find(|field| field.name == name);
    field.map_or(Ok(()), |field| field.check(value))
}

impl ShieldedField {
    fn check(&self, value: &str) -> Result<(), ApiError> {
        let refuse = |what: String| {
            Err(ApiError::invalid_field(
                self.name,
                format!("{what} It {}.", self.reason),
            ))
        };
        match self.rule {
            FieldRule::Stripped => Ok(()),
            FieldRule::Refused if value == "0" => Ok(()),
            FieldRule::Refused | FieldRule::RefusedWithZero
                if matches!(value, "" | "null" | "false" | "\"\"" | "[]" | "{}") =>
            {
                Ok(())
            }
            FieldRule::Refused | FieldRule::RefusedWithZero => refuse(format!("`{}` is not accepted here.", self.name)),
            FieldRule::AtMost(_) if matches!(value, "" | "null") => Ok(()),
            // What is not a whole number, -1 ("all") among them, is not at most anything.
            FieldRule::AtMost(limit) if value.parse().is_ok_and(|given: u64| given <= limit) => Ok(()),
            FieldRule::AtMost(limit) => refuse(format!("`{}` may be {limit} at most.", self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shield_as_a_table() {
        let cases = [
            (r#"{"temperature":0.1,"brand_new":[1]}"#, Ok(vec![])),
            (r#"{"priority":9,"vllm_xargs":{}}"#, Ok(vec!["priority", "vllm_xargs"])),
            (r#"{"n":1,"best_of":null,"top_logprobs":20}"#, Ok(vec![])),
            (r#"{"n":2}"#, Err("n")),
            (r#"{"n":"1"}"#, Err("n")),
            (r#"{"prompt_logprobs":0}"#, Err("prompt_logprobs")),
            (r#"{"top_logprobs":-1}"#, Err("top_logprobs")),
            (r#"{"top_logprobs":1e9}"#, Err("top_logprobs")),
            (
                r#"{"ignore_eos":false,"min_tokens":0,"prompt_logprobs":null}"#,
                Ok(vec![]),
            ),
            (r#"{"ignore_eos":true}"#, Err("ignore_eos")),
            (r#"{"chat_template":"{{ x }}"}"#, Err("chat_template")),
        ];
        for (body, expected) in cases {
            let edits = edits(&Object::parse(body).unwrap());
            let names = edits.map(|edits| edits.into_iter().map(|edit| edit.0).collect::<Vec<_>>());
            assert_eq!(names.map_err(|error| error.param.unwrap()), expected, "{body}");
        }
    }
}
