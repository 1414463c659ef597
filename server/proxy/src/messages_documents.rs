//! Documents and search results on `/v1/messages`, which no version of the engine takes, as the text that they consist of.
//!
//! Anthropic's `document` block holds plain text, content blocks, or a file in base64 or at an address; `search_result`
//! holds text blocks. Of a file the model is told that it was there, so that it can say so.

use crate::json::{Object, elements, quoted, string};

/// What the model is told of what it cannot read.
const UNREADABLE: &str = "(a file that this model cannot read was left out)";
const NO_TEXT: &str = "(content that this model cannot read was left out)";

/// The text block that says what such a block says; none for blocks of any other kind.
pub(crate) fn as_text(block: &Object<'_>) -> Option<String> {
    let kind = block.get("type").and_then(string)?;
    let text = match &*kind {
        "document" => document(block).unwrap_or_else(|| UNREADABLE.to_owned()),
        "search_result" => block.get("content").map(texts).unwrap_or_default(),
        _ => return None,
    };
    let mut said: Vec<String> = Vec::new();
    let address = (kind == "search_result").then_some("source");
    for name in ["title", "context"].into_iter().chain(address) {
        said.extend(block.get(name).and_then(string).map(String::from));
    }
    if !text.is_empty() || said.is_empty() {
        said.push(text);
    }
    Some(format!(r#"{{"type":"text","text":{}}}"#, quoted(&said.join("\n\n"))))
}

fn document(block: &Object<'_>) -> Option<String> {
    let source = Object::parse(block.get("source")?).ok()?;
    match &*string(source.get("type")?)? {
        "text" => string(source.get("data")?).map(String::from),
        "content" => source.get("content").map(texts),
        _ => None,
    }
}

/// The text of content, which is a string or a list of blocks.
fn texts(content: &str) -> String {
    if let Some(text) = string(content) {
        return text.into_owned();
    }
    let text = |block: &str| Some(string(Object::parse(block).ok()?.get("text")?)?.into_owned());
    let blocks = elements(content).unwrap_or_default();
    let texts: Vec<String> = blocks
        .into_iter()
        .map(|block| text(block).unwrap_or_else(|| NO_TEXT.to_owned()))
        .collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_read_is_read_and_the_rest_is_named() {
        let text = |text: &str| Some(format!(r#"{{"type":"text","text":{}}}"#, quoted(text)));
        let cases = [
            (
                r#"{"type":"document","source":{"type":"text","media_type":"text/plain","data":"One\ntwo \"three\""}}"#,
                text("One\ntwo \"three\""),
            ),
            (
                r#"{"type":"document","title":"Minutes","context":"Of May.","source":{"type":"content","content":[{"type":"text","text":"One"},{"type":"image"},{"type":"text","text":"two"}]}}"#,
                text("Minutes\n\nOf May.\n\nOne\n(content that this model cannot read was left out)\ntwo"),
            ),
            (
                r#"{"type":"document","title":null,"source":{"type":"content","content":"One"}}"#,
                text("One"),
            ),
            (
                r#"{"type":"document","title":"Plan","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}"#,
                text("Plan\n\n(a file that this model cannot read was left out)"),
            ),
            (
                r#"{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}"#,
                text("(a file that this model cannot read was left out)"),
            ),
            (
                r#"{"type":"document"}"#,
                text("(a file that this model cannot read was left out)"),
            ),
            (
                r#"{"type":"search_result","title":"A page","source":"https://example.com","content":[{"type":"text","text":"found"}]}"#,
                text("A page\n\nhttps://example.com\n\nfound"),
            ),
            (r#"{"type":"search_result","title":"A page"}"#, text("A page")),
            (r#"{"type":"server_tool_use"}"#, None),
            (r#"{"text":"no type"}"#, None),
        ];
        for (block, expected) in cases {
            assert_eq!(as_text(&Object::parse(block).unwrap()), expected, "{block}");
        }
    }
}
