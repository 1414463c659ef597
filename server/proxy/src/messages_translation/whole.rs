//! A whole chat completion in the words of the Messages API.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worv_core::id::RequestId;

use super::vocabulary::{Finish, Stop, Usage};
use crate::token_counts::TokenCounts;

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Said<'a>,
    #[serde(borrow)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: Option<Cow<'a, str>>,
    /// What the newer versions call it, and what the older ones did.
    #[serde(borrow)]
    reasoning: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Tokens {
    count: u64,
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    r#type: &'static str,
    role: &'static str,
    content: Vec<Block<'a>>,
    model: &'a str,
    #[serde(flatten)]
    stop: Stop,
    usage: Usage,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Thinking {
        thinking: &'a str,
        signature: String,
    },
    Text {
        text: &'a str,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Box<RawValue>,
    },
}

/// The message that a completion is. The signature of its thinking is the request's id: whoever sends it back has it dropped.
pub(super) fn message(body: &[u8], request_id: RequestId) -> Option<Vec<u8>> {
    let completion: Completion<'_> = serde_json::from_slice(body).ok()?;
    let Choice {
        message: said,
        finish_reason,
        stop_reason,
    } = completion.choices.into_iter().next()?;
    let calls = said.tool_calls.unwrap_or_default();
    let thinking = said.reasoning.or(said.reasoning_content).unwrap_or_default();
    let text = said.content.unwrap_or_default();
    let mut content = Vec::with_capacity(calls.len() + 2);
    if !thinking.is_empty() {
        content.push(Block::Thinking {
            thinking: &thinking,
            signature: request_id.to_string(),
        });
    }
    if !text.is_empty() {
        content.push(Block::Text { text: &text });
    }
    content.extend(calls.iter().map(|call| Block::ToolUse {
        id: &call.id,
        name: &call.function.name,
        input: input(&call.function.arguments),
    }));
    let counts = completion
        .usage
        .and_then(|usage| TokenCounts::from_openai(usage.get().as_bytes()));
    let message = Message {
        id: &completion.id,
        r#type: "message",
        role: "assistant",
        content,
        model: &completion.model,
        stop: Finish {
            finish_reason,
            stop_reason,
        }
        .stop(!calls.is_empty()),
        usage: counts.unwrap_or_default().into(),
    };
    serde_json::to_vec(&message).ok()
}

/// The answer of `/tokenize` as that of `count_tokens`.
pub(super) fn count(body: &[u8]) -> Option<Vec<u8>> {
    let Tokens { count } = serde_json::from_slice(body).ok()?;
    Some(format!(r#"{{"input_tokens":{count}}}"#).into_bytes())
}

/// A tool's arguments; none where they were cut off and so are no object.
fn input(arguments: &str) -> Box<RawValue> {
    let object = arguments.trim_start().starts_with('{');
    let input = RawValue::from_string(arguments.to_owned()).ok().filter(|_| object);
    input.unwrap_or_else(|| RawValue::from_string("{}".to_owned()).expect("an empty object is JSON"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use worv_core::{Clock, Entropy, UnixMillis};

    use super::*;

    fn translated(completion: &Value) -> Option<Value> {
        let id = RequestId::new(&Clock::manual(UnixMillis(0)), &Entropy::counted(0));
        let message = message(completion.to_string().as_bytes(), id)?;
        let text = String::from_utf8(message).unwrap().replace(&id.to_string(), "ID");
        serde_json::from_str(&text).ok()
    }

    #[test]
    fn thinking_text_and_calls_become_blocks_in_this_order() {
        let call = |arguments: &str| json!({"id": "t1", "type": "function", "function": {"name": "read", "arguments": arguments}});
        let completion = json!({
            "id": "chatcmpl-1", "model": "m",
            "choices": [{"message": {"role": "assistant", "content": "Looking.", "reasoning": "so", "tool_calls": [call(r#"{"a":1}"#), call(r#"{"a"#)]}, "finish_reason": "tool_calls", "stop_reason": null}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}},
        });
        let expected = json!({
            "id": "chatcmpl-1", "type": "message", "role": "assistant", "model": "m",
            "content": [
                {"type": "thinking", "thinking": "so", "signature": "ID"},
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "t1", "name": "read", "input": {"a": 1}},
                {"type": "tool_use", "id": "t1", "name": "read", "input": {}},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 2, "output_tokens": 3, "cache_read_input_tokens": 8},
        });
        assert_eq!(translated(&completion), Some(expected));
    }

    #[test]
    fn anything_else_is_no_message() {
        for body in [json!({}), json!([]), json!({"id": "x", "model": "m", "choices": []})] {
            assert_eq!(translated(&body), None);
        }
        assert_eq!(count(br#"{"count":7,"tokens":[1]}"#).unwrap(), br#"{"input_tokens":7}"#);
        assert_eq!(count(b"{}"), None);
    }
}
