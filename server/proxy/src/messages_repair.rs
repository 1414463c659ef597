//! What today's Anthropic clients send on `/v1/messages` and vLLM's older versions refuse, made acceptable to all of them.
//!
//! System turns inside the conversation become part of `system`; documents become the text that they consist of; tools that
//! only Anthropic's servers can run and blocks that the engine does not know are left out; the billing line that would
//! spoil the prefix cache is removed.

use std::borrow::Cow;

use crate::{
    error::ApiError,
    json::{Edit, JsonError, Object, elements, string},
    messages_documents, offered_tools,
};

/// The content blocks that every version of the engine takes (vllm/entrypoints/anthropic/protocol.py).
const KNOWN_BLOCKS: [&str; 6] = [
    "text",
    "image",
    "tool_use",
    "tool_result",
    "thinking",
    "redacted_thinking",
];

/// How the line begins that Claude Code puts first in its system prompt, different for each request.
const BILLING_HEADER: &str = "x-anthropic-billing-header";

/// The changes to a request.
pub(crate) fn edits<'a>(object: &Object<'a>) -> Result<Vec<Edit<'a>>, ApiError> {
    let mut edits = Vec::new();
    let conversation = match object.get("messages") {
        Some(messages) => repair_conversation(messages)
            .map_err(|_| ApiError::invalid_field("messages", "`messages` must be a list."))?,
        None => Conversation::default(),
    };
    let given = object.given("system");
    let (mut system, dropped) = given.map_or((Vec::new(), false), system_blocks);
    if dropped || !conversation.system.is_empty() {
        system.extend(conversation.system);
        edits.push(("system", (!system.is_empty()).then(|| list(&system).into())));
    }
    if let Some(turns) = conversation.repaired {
        edits.push(("messages", Some(list(&turns).into())));
    }
    edits.extend(offered_tools::only(object, |tool| tool.get("input_schema").is_some()));
    Ok(edits)
}

#[derive(Default)]
struct Conversation<'a> {
    /// The turns, if any of them had to change.
    repaired: Option<Vec<Cow<'a, str>>>,
    /// Text blocks of the system turns among them.
    system: Vec<Cow<'a, str>>,
}

fn repair_conversation(messages: &str) -> Result<Conversation<'_>, JsonError> {
    let turns = elements(messages)?;
    let mut conversation = Conversation::default();
    let mut kept: Vec<Cow<'_, str>> = Vec::with_capacity(turns.len());
    let mut changed = false;
    for turn in turns {
        let Ok(object) = Object::parse(turn) else {
            kept.push(turn.into());
            continue;
        };
        if object.get("role").and_then(string).as_deref() == Some("system") {
            conversation.system.extend(
                object
                    .get("content")
                    .map_or_else(Vec::new, |content| system_blocks(content).0),
            );
            changed = true;
            continue;
        }
        match object.get("content").and_then(known_blocks) {
            Some(content) => {
                kept.push(object.with(&[("content", Some(content.into()))]).into());
                changed = true;
            }
            None => kept.push(turn.into()),
        }
    }
    conversation.repaired = changed.then_some(kept);
    Ok(conversation)
}

/// What of a turn's content the engine takes, if that is not all of it. A turn is never left without content.
fn known_blocks(content: &str) -> Option<String> {
    changed(content, |block| {
        let kind = block.get("type").and_then(string)?;
        match &*kind {
            "tool_result" => {
                let content = block.get("content").and_then(readable_result)?;
                Some(Change::To(block.with(&[("content", Some(content.into()))])))
            }
            known if KNOWN_BLOCKS.contains(&known) => None,
            _ => Some(messages_documents::as_text(block).map_or(Change::LeftOut, Change::To)),
        }
    })
}

/// What a tool has found, with documents as text. All else there is the engine's to read or to skip.
fn readable_result(content: &str) -> Option<String> {
    changed(content, |block| messages_documents::as_text(block).map(Change::To))
}

/// What becomes of a content block.
enum Change {
    To(String),
    LeftOut,
}

/// Content in which some blocks change; none where none does.
fn changed(content: &str, change: impl Fn(&Object<'_>) -> Option<Change>) -> Option<String> {
    let blocks = elements(content).ok()?;
    let change = |block: &&str| Object::parse(block).ok().and_then(|block| change(&block));
    let (first, changed) = blocks
        .iter()
        .enumerate()
        .find_map(|(place, block)| Some((place, change(block)?)))?;
    let mut kept: Vec<Cow<'_, str>> = blocks[..first].iter().map(|block| Cow::Borrowed(*block)).collect();
    let rest = blocks[first + 1..].iter().map(|block| (*block, change(block)));
    for (block, change) in [("", Some(changed))].into_iter().chain(rest) {
        match change {
            None => kept.push(block.into()),
            Some(Change::To(other)) => kept.push(other.into()),
            Some(Change::LeftOut) => {}
        }
    }
    Some(if kept.is_empty() {
        r#"[{"type":"text","text":"(content that this model cannot read was left out)"}]"#.to_owned()
    } else {
        list(&kept)
    })
}

/// A system prompt as a list of text blocks, and whether something was left out of it.
fn system_blocks(system: &str) -> (Vec<Cow<'_, str>>, bool) {
    if let Some(text) = string(system) {
        return if text.starts_with(BILLING_HEADER) {
            (Vec::new(), true)
        } else {
            (vec![format!(r#"{{"type":"text","text":{system}}}"#).into()], false)
        };
    }
    let blocks = elements(system).unwrap_or_default();
    let is_billing = |block: &&str| {
        let text = Object::parse(block).ok().and_then(|block| string(block.get("text")?));
        text.is_some_and(|text| text.starts_with(BILLING_HEADER))
    };
    let count = blocks.len();
    let kept: Vec<_> = blocks
        .into_iter()
        .filter(|block| !is_billing(block))
        .map(Cow::Borrowed)
        .collect();
    let dropped = kept.len() < count;
    (kept, dropped)
}

fn list<T: AsRef<str>>(items: &[T]) -> String {
    let mut text = String::with_capacity(items.iter().map(|item| item.as_ref().len() + 1).sum::<usize>() + 2);
    for item in items {
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(item.as_ref());
    }
    if text.is_empty() {
        text.push('[');
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(body: &str) -> String {
        let object = Object::parse(body).unwrap();
        object.with(&edits(&object).unwrap())
    }

    #[test]
    fn what_every_version_takes_is_left_alone() {
        let bodies = [
            "{}",
            r#"{"system":"Be brief.","messages":[{"role":"user","content":"hi"}]}"#,
            r#"{"system":null,"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{}}]}],"tools":[{"name":"a","input_schema":{}}]}"#,
            r#"{"messages":[],"tools":[]}"#,
        ];
        for body in bodies {
            assert!(edits(&Object::parse(body).unwrap()).unwrap().is_empty(), "{body}");
        }
    }

    #[test]
    fn system_turns_join_the_system_prompt() {
        let body = r#"{"system":"One.","messages":[{"role":"user","content":"hi"},{"role":"system","content":"Two."},{"role":"system","content":[{"type":"text","text":"Three."}]}]}"#;
        let expected = r#"{"system":[{"type":"text","text":"One."},{"type":"text","text":"Two."},{"type":"text","text":"Three."}],"messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(repaired(body), expected);
        let body = r#"{"messages":[{"role":"system","content":"Two."}]}"#;
        assert_eq!(
            repaired(body),
            r#"{"messages":[],"system":[{"type":"text","text":"Two."}]}"#
        );
    }

    #[test]
    fn the_billing_line_is_removed_from_either_form() {
        let line = r#""x-anthropic-billing-header: cc_version=2""#;
        assert_eq!(repaired(&format!(r#"{{"system":{line}}}"#)), "{}");
        let body = format!(r#"{{"system":[{{"type":"text","text":{line}}},{{"type":"text","text":"Be brief."}}]}}"#);
        assert_eq!(repaired(&body), r#"{"system":[{"type":"text","text":"Be brief."}]}"#);
    }

    #[test]
    fn tools_and_blocks_that_the_engine_does_not_know_are_left_out() {
        let body = r#"{"tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"a","input_schema":{}}]}"#;
        assert_eq!(repaired(body), r#"{"tools":[{"name":"a","input_schema":{}}]}"#);
        let body = r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}],"tool_choice":{"type":"auto"}}"#;
        assert_eq!(repaired(body), "{}");
        let body = r#"{"messages":[{"role":"assistant","content":[{"type":"server_tool_use","id":"x"},{"type":"text","text":"hi"}]},{"role":"user","content":[{"type":"mcp_tool_result"}]}]}"#;
        let expected = r#"{"messages":[{"role":"assistant","content":[{"type":"text","text":"hi"}]},{"role":"user","content":[{"type":"text","text":"(content that this model cannot read was left out)"}]}]}"#;
        assert_eq!(repaired(body), expected);
    }

    #[test]
    fn documents_become_text_also_in_what_a_tool_has_found() {
        let document = r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"One."}}"#;
        let text = r#"{"type":"text","text":"One."}"#;
        let turn = |block: &str| {
            format!(
                r#"{{"messages":[{{"role":"user","content":[{block},{{"type":"tool_result","tool_use_id":"a","content":[{block}],"is_error":false}},{{"type":"tool_result","tool_use_id":"b","content":"plain"}}]}}]}}"#
            )
        };
        assert_eq!(repaired(&turn(document)), turn(text));
        assert!(edits(&Object::parse(&turn(text)).unwrap()).unwrap().is_empty());
        let found = r#"{"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"tool_reference","tool_name":"grep"}]}]}]}"#;
        assert!(edits(&Object::parse(found).unwrap()).unwrap().is_empty(), "{found}");
    }

    #[test]
    fn odd_conversations_are_left_for_the_engine_or_refused() {
        assert_eq!(
            edits(&Object::parse(r#"{"messages":7}"#).unwrap()).unwrap_err().param,
            Some("messages")
        );
        assert_eq!(
            repaired(r#"{"messages":[1,{"role":"user"}]}"#),
            r#"{"messages":[1,{"role":"user"}]}"#
        );
    }
}
