//! Reasoning under both of its names.
//!
//! vLLM calls it `reasoning`; many clients read only `reasoning_content`, which it was called until early 2026.
//! Callers get the same text under both.

use std::{ops::Range, sync::LazyLock};

use memchr::{memchr2, memmem::Finder};

const KEY: &[u8] = br#""reasoning":"#;
const OTHER_KEY: &[u8] = br#","reasoning_content":"#;

static REASONING: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(KEY));
static REASONING_CONTENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""reasoning_content":"#));

/// Where the reasoning of a chat completion, or of one of its chunks, stands as a JSON string; none if there is none,
/// or if it has both names already. Inside other strings the key's quotes would be escaped.
pub(crate) fn place(json: &[u8]) -> Option<Range<usize>> {
    let start = REASONING.find(json)? + KEY.len();
    let start = start
        + json[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
    if json.get(start) != Some(&b'"') || REASONING_CONTENT.find(json).is_some() {
        return None;
    }
    let end = string_end(json, start + 1)?;
    Some(start..end + 1)
}

/// Where the quote is that closes the string whose text begins at `start`.
pub(crate) fn string_end(json: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at);
        }
        // An escape: the byte after it is part of it, whatever it is.
        at += 2;
    }
}

/// The pieces of `json` with the reasoning at `place` named twice.
pub(crate) fn named_twice(json: &[u8], place: Range<usize>) -> [&[u8]; 4] {
    [&json[..place.end], OTHER_KEY, &json[place.clone()], &json[place.end..]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(json: &str) -> String {
        match place(json.as_bytes()) {
            Some(place) => String::from_utf8(named_twice(json.as_bytes(), place).concat()).unwrap(),
            None => json.to_owned(),
        }
    }

    #[test]
    fn text_under_one_name_gets_the_other() {
        let cases = [
            (
                r#"{"delta":{"reasoning":"a\"b\\"}}"#,
                r#"{"delta":{"reasoning":"a\"b\\","reasoning_content":"a\"b\\"}}"#,
            ),
            (
                r#"{"reasoning": "你","content":null}"#,
                r#"{"reasoning": "你","reasoning_content":"你","content":null}"#,
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(both(json), expected);
        }
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        let unchanged = [
            r#"{"content":"\"reasoning\":\"x\""}"#,
            r#"{"reasoning":null}"#,
            r#"{"reasoning":"a","reasoning_content":"a"}"#,
            r#"{"reasoning_content":"a"}"#,
            r#"{"reasoning":"cut\"#,
            r#"{"reasoning":"#,
            "{}",
        ];
        for json in unchanged {
            assert_eq!(both(json), json);
        }
    }
}
