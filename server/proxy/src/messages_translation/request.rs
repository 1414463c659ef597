//! A Messages request in the words of chat completions.

use std::borrow::Cow;

use super::tools;
use crate::{
    error::ApiError,
    json::{Edit, Object, elements, quoted, string},
};

/// What means the same in both. Anything else is Anthropic's own and of no use to the engine, or would reach past the
/// shield: `max_completion_tokens` for one is no word of this API's.
const SHARED: [&str; 7] = [
    "model",
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "chat_template_kwargs",
];

/// Asks for the usage in every chunk, so that a stream that is cut short is counted to its last token.
const ALL_USAGE: &str = r#"{"include_usage":true,"continuous_usage_stats":true}"#;

/// The members of a chat completion's request.
pub(super) fn completion<'a>(object: &Object<'a>) -> Result<Vec<Edit<'a>>, ApiError> {
    if object.given("max_tokens").is_none() {
        return Err(ApiError::invalid_field("max_tokens", "`max_tokens` must be given."));
    }
    let mut members = shared(object, &SHARED);
    members.extend(conversation(object)?);
    if let Some(stop) = object.get("stop_sequences") {
        members.push(("stop", Some(stop.into())));
    }
    if object.get("stream") == Some("true") {
        members.push(("stream_options", Some(ALL_USAGE.into())));
    }
    members.extend(tools::choice(object)?);
    members.extend(response_format(object));
    Ok(members)
}

/// The members of a request to count a prompt's tokens.
pub(super) fn tokenization<'a>(object: &Object<'a>) -> Result<Vec<Edit<'a>>, ApiError> {
    let mut members = shared(object, &["model", "chat_template_kwargs"]);
    members.extend(conversation(object)?);
    Ok(members)
}

fn shared<'a>(object: &Object<'a>, names: &[&'static str]) -> Vec<Edit<'a>> {
    let given = names
        .iter()
        .filter_map(|&name| Some((name, Some(object.get(name)?.into()))));
    given.collect()
}

/// `messages` with the system prompt in front, and `tools`.
fn conversation<'a>(object: &Object<'_>) -> Result<Vec<Edit<'a>>, ApiError> {
    let wrong = || {
        ApiError::invalid_field(
            "messages",
            "`messages` must be a list of turns by `user` and `assistant`.",
        )
    };
    let turns = object
        .get("messages")
        .and_then(|messages| elements(messages).ok())
        .ok_or_else(wrong)?;
    let mut messages = Vec::with_capacity(turns.len() + 1);
    if let Some(given) = object.given("system") {
        messages.extend(system(given)?);
    }
    for turn in turns {
        let turn = Object::parse(turn).map_err(|_| wrong())?;
        match (turn.get("role").and_then(string).as_deref(), turn.get("content")) {
            (Some("user"), Some(content)) => messages.extend(user(content)?),
            (Some("assistant"), Some(content)) => messages.push(assistant(content)?),
            _ => return Err(wrong()),
        }
    }
    let mut members: Vec<Edit<'_>> = vec![("messages", Some(list(&messages).into()))];
    members.extend(tools::tools(object)?);
    Ok(members)
}

fn system(system: &str) -> Result<Option<String>, ApiError> {
    let wrong = || wrong_type("system", "a string or a list of text blocks");
    let mut all = String::new();
    match string(system) {
        Some(text) => all += &text,
        None => {
            for block in objects(system).ok_or_else(wrong)? {
                all += &text(&block.ok_or_else(wrong)?, "text").ok_or_else(wrong)?;
            }
        }
    }
    Ok((!all.is_empty()).then(|| format!(r#"{{"role":"system","content":{}}}"#, quoted(&all))))
}

/// A user's turn: the results of tools as messages of their own, and then the rest.
fn user(content: &str) -> Result<Vec<String>, ApiError> {
    if string(content).is_some() {
        return Ok(vec![format!(r#"{{"role":"user","content":{content}}}"#)]);
    }
    let (mut messages, mut parts) = (Vec::new(), Vec::new());
    for block in blocks(content)? {
        let block = block?;
        if kind(&block).as_deref() == Some("tool_result") {
            let (text, images) = block.given("content").map_or(Ok(Default::default()), result)?;
            let id = block.get("tool_use_id").unwrap_or(r#""""#);
            messages.push(format!(
                r#"{{"role":"tool","tool_call_id":{id},"content":{}}}"#,
                quoted(&text)
            ));
            parts.extend(images);
        } else {
            parts.extend(part(&block));
        }
    }
    if !parts.is_empty() || messages.is_empty() {
        messages.push(format!(r#"{{"role":"user","content":{}}}"#, list(&parts)));
    }
    Ok(messages)
}

/// The text of a tool's result, and its images, which only a user's message can carry.
fn result(content: &str) -> Result<(String, Vec<String>), ApiError> {
    if let Some(text) = string(content) {
        return Ok((text.into_owned(), Vec::new()));
    }
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for block in blocks(content)? {
        let block = block?;
        texts.extend(block.given("text").and_then(string));
        images.extend(image(&block));
    }
    Ok((texts.join("\n"), images))
}

/// A block of text or an image as a part of a message's content.
fn part(block: &Object<'_>) -> Option<String> {
    match kind(block).as_deref() {
        Some("text") => Some(format!(r#"{{"type":"text","text":{}}}"#, block.get("text")?)),
        _ => image(block),
    }
}

fn image(block: &Object<'_>) -> Option<String> {
    let source = Object::parse(block.get("source")?).ok()?;
    let url = if let Some(url) = source.get("url") {
        Cow::Borrowed(url)
    } else {
        let media_type = source.get("media_type").and_then(string);
        let media_type = media_type.unwrap_or(Cow::Borrowed("image/jpeg"));
        quoted(&format!("data:{media_type};base64,{}", string(source.get("data")?)?)).into()
    };
    Some(format!(r#"{{"type":"image_url","image_url":{{"url":{url}}}}}"#))
}

fn assistant(content: &str) -> Result<String, ApiError> {
    if string(content).is_some() {
        return Ok(format!(r#"{{"role":"assistant","content":{content}}}"#));
    }
    let (mut texts, mut thoughts, mut calls) = (String::new(), String::new(), Vec::new());
    for block in blocks(content)? {
        let block = block?;
        let said = |name| text(&block, name).ok_or_else(wrong_content);
        match kind(&block).as_deref() {
            Some("text") => texts += &said("text")?,
            Some("thinking") => thoughts += &said("thinking")?,
            Some("tool_use") => calls.push(format!(
                r#"{{"id":{},"type":"function","function":{{"name":{},"arguments":{}}}}}"#,
                block.get("id").unwrap_or(r#""""#),
                block.get("name").unwrap_or(r#""""#),
                quoted(block.get("input").unwrap_or("{}")),
            )),
            _ => {}
        }
    }
    let mut message = vec![("role", Some(Cow::Borrowed("\"assistant\"")))];
    if !texts.is_empty() || calls.is_empty() {
        message.push(("content", Some(quoted(&texts).into())));
    }
    if !thoughts.is_empty() {
        message.push(("reasoning", Some(quoted(&thoughts).into())));
    }
    if !calls.is_empty() {
        message.push(("tool_calls", Some(list(&calls).into())));
    }
    Ok(Object::empty().with(&message))
}

/// `output_config.format`: the JSON schema that the answer has to follow.
fn response_format<'a>(object: &Object<'a>) -> Option<Edit<'a>> {
    let format = Object::parse(Object::parse(object.get("output_config")?).ok()?.get("format")?).ok()?;
    let schema = format
        .get("schema")
        .filter(|_| kind(&format).as_deref() == Some("json_schema"))?;
    let value = format!(r#"{{"type":"json_schema","json_schema":{{"name":"output","schema":{schema}}}}}"#);
    Some(("response_format", Some(value.into())))
}

fn blocks(content: &str) -> Result<impl Iterator<Item = Result<Object<'_>, ApiError>>, ApiError> {
    let blocks = objects(content).ok_or_else(wrong_content)?;
    Ok(blocks.map(|block| block.ok_or_else(wrong_content)))
}

/// A text in a block, empty where none is given; none where it is no text.
fn text<'a>(block: &Object<'a>, name: &str) -> Option<Cow<'a, str>> {
    block.given(name).map_or(Some(Cow::Borrowed("")), string)
}

fn wrong_content() -> ApiError {
    ApiError::invalid_field(
        "messages",
        "The `content` of a turn or of a tool's result must be a string or a list of content blocks.",
    )
}

/// The objects that a list consists of, one after the other, since a list can have very many; none where it is no list, or
/// in the place of what is no object.
pub(super) fn objects(list: &str) -> Option<impl Iterator<Item = Option<Object<'_>>>> {
    let items = elements(list).ok()?;
    Some(items.into_iter().map(|item| Object::parse(item).ok()))
}

pub(super) fn wrong_type(field: &'static str, expected: &str) -> ApiError {
    ApiError::invalid_field(field, format!("`{field}` must be {expected}."))
}

pub(super) fn kind<'a>(object: &Object<'a>) -> Option<Cow<'a, str>> {
    object.get("type").and_then(string)
}

pub(super) fn list(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn translated(body: &Value) -> Value {
        let text = body.to_string();
        let members = completion(&Object::parse(&text).unwrap()).unwrap();
        serde_json::from_str(&Object::empty().with(&members)).unwrap()
    }

    #[test]
    fn a_conversation_with_tools_thinking_and_images() {
        let asked = json!({
            "model": "m", "max_tokens": 9, "stream": true, "top_k": 3, "stop_sequences": ["END"],
            "metadata": {"user_id": "x"}, "max_completion_tokens": 99_999, "ignore_eos": true,
            "chat_template_kwargs": {"thinking": true},
            "system": [{"type": "text", "text": "One. "}, {"type": "text", "text": "\"Two.\""}],
            "tools": [{"name": "read", "description": "Reads.", "input_schema": {"type": "object"}, "cache_control": {}}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
            "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
            "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "so", "signature": "x"}, {"type": "redacted_thinking", "data": "x"},
                    {"type": "text", "text": "Looking."},
                    {"type": "tool_use", "id": "t1", "name": "read", "input": {"b": 1, "a": "é"}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": [
                        {"type": "text", "text": "a"}, {"type": "text", "text": "b"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
                    ]},
                    {"type": "text", "text": "and?"},
                    {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                ]},
            ],
        });
        let expected = json!({
            "model": "m", "max_tokens": 9, "stream": true, "top_k": 3, "stop": ["END"],
            "chat_template_kwargs": {"thinking": true},
            "stream_options": {"include_usage": true, "continuous_usage_stats": true},
            "tools": [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": {"type": "object"}}}],
            "tool_choice": "required", "parallel_tool_calls": false,
            "response_format": {"type": "json_schema", "json_schema": {"name": "output", "schema": {"type": "object"}}},
            "messages": [
                {"role": "system", "content": "One. \"Two.\""},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": "Looking.", "reasoning": "so", "tool_calls": [
                    {"id": "t1", "type": "function", "function": {"name": "read", "arguments": json!({"b": 1, "a": "é"}).to_string()}},
                ]},
                {"role": "tool", "tool_call_id": "t1", "content": "a\nb"},
                {"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                    {"type": "text", "text": "and?"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                ]},
            ],
        });
        assert_eq!(translated(&asked), expected);
    }

    #[test]
    fn what_the_engine_would_refuse_is_refused() {
        let cases = [
            (r#"{"messages":[]}"#, "max_tokens"),
            (r#"{"max_tokens":1}"#, "messages"),
            (r#"{"max_tokens":1,"messages":[7]}"#, "messages"),
            (
                r#"{"max_tokens":1,"messages":[{"role":"tool","content":"x"}]}"#,
                "messages",
            ),
            (r#"{"max_tokens":1,"messages":[{"role":"user"}]}"#, "messages"),
            (
                r#"{"max_tokens":1,"messages":[{"role":"user","content":7}]}"#,
                "messages",
            ),
            (
                r#"{"max_tokens":1,"messages":[{"role":"assistant","content":["x"]}]}"#,
                "messages",
            ),
            (
                r#"{"max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","content":{}}]}]}"#,
                "messages",
            ),
            (
                r#"{"max_tokens":1,"messages":[{"role":"assistant","content":[{"type":"text","text":7}]}]}"#,
                "messages",
            ),
            (r#"{"max_tokens":1,"messages":[],"system":7}"#, "system"),
            (r#"{"max_tokens":1,"messages":[],"system":[{"text":7}]}"#, "system"),
            (r#"{"max_tokens":1,"messages":[],"tools":{}}"#, "tools"),
            (r#"{"max_tokens":1,"messages":[],"tools":["x"]}"#, "tools"),
            (
                r#"{"max_tokens":1,"messages":[],"tools":[],"tool_choice":7}"#,
                "tool_choice",
            ),
            (
                r#"{"max_tokens":1,"messages":[],"tools":[],"tool_choice":{"type":"other"}}"#,
                "tool_choice",
            ),
            (
                r#"{"max_tokens":1,"messages":[],"tools":[],"tool_choice":{"type":"tool"}}"#,
                "tool_choice",
            ),
        ];
        for (body, param) in cases {
            assert_eq!(
                completion(&Object::parse(body).unwrap()).unwrap_err().param,
                Some(param),
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_written_out_as_nothing_is_nothing() {
        let body = json!({
            "max_tokens": 1, "system": null, "tools": null, "tool_choice": null,
            "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": null}]}],
        });
        let expected = json!({
            "max_tokens": 1, "messages": [{"role": "tool", "tool_call_id": "t", "content": ""}],
        });
        assert_eq!(translated(&body), expected);
    }
}
