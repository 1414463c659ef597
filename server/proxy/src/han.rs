//! Takes Han script out of answers: out of text and reasoning, never out of what tools are called with.
//!
//! Some models slip into Chinese in the middle of another language. Where a key or a profile asks for it, every character
//! whose Unicode script is Han is left out, extension planes and compatibility ideographs included, written out or escaped.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::json::{Edit, Object, elements};

/// Every character of Script=Han (Scripts.txt, Unicode 16.0.0), from the first to the last of each range.
const HAN: [(u32, u32); 22] = [
    (0x2E80, 0x2E99),
    (0x2E9B, 0x2EF3),
    (0x2F00, 0x2FD5),
    (0x3005, 0x3005),
    (0x3007, 0x3007),
    (0x3021, 0x3029),
    (0x3038, 0x303B),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFA6D),
    (0xFA70, 0xFAD9),
    (0x16FE2, 0x16FE3),
    (0x16FF0, 0x16FF1),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B739),
    (0x2B740, 0x2B81D),
    (0x2B820, 0x2CEA1),
    (0x2CEB0, 0x2EBE0),
    (0x2EBF0, 0x2EE5D),
    (0x2F800, 0x2FA1D),
    (0x30000, 0x3134A),
    (0x31350, 0x323AF),
];

/// The first byte of the first Han character in UTF-8.
const FIRST_LEAD: u8 = 0xE2;

/// The members that hold what the model says, where they are strings.
const TEXTS: [&str; 6] = [
    "content",
    "reasoning",
    "reasoning_content",
    "refusal",
    "text",
    "thinking",
];

/// The members that lead to such members, where they are objects or lists. What tools are called with lies beneath none.
const WAYS: [&str; 9] = [
    "choices",
    "content",
    "content_block",
    "delta",
    "item",
    "message",
    "output",
    "part",
    "response",
];

/// The events of `/v1/responses` whose `delta` is text; in the others it may be a tool's arguments.
const TEXT_DELTAS: [&[u8]; 4] = [
    b"\"response.output_text.delta\"",
    b"\"response.reasoning_text.delta\"",
    b"\"response.reasoning_summary_text.delta\"",
    b"\"response.refusal.delta\"",
];

/// A whole answer, or one event of a stream, without Han script in its text.
pub(crate) fn strip(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !may_have_han(bytes) {
        return Cow::Borrowed(bytes);
    }
    let stripped = memchr(b'{', bytes).and_then(|start| {
        let json = str::from_utf8(&bytes[start..]).ok()?;
        let texts = TextMembers {
            delta: TEXT_DELTAS.iter().any(|name| memmem::find(bytes, name).is_some()),
        };
        let (json, end) = json.split_at(json.trim_ascii_end().len());
        Some([&bytes[..start], texts.object(json)?.as_bytes(), end.as_bytes()].concat())
    });
    stripped.map_or(Cow::Borrowed(bytes), Cow::Owned)
}

/// Which members are text: `delta` is in some events.
#[derive(Clone, Copy)]
struct TextMembers {
    delta: bool,
}

impl TextMembers {
    /// An object, if anything in it changes.
    fn object(self, json: &str) -> Option<String> {
        let object = Object::parse(json).ok()?;
        let mut edits: Vec<Edit<'_>> = Vec::new();
        for name in TEXTS.into_iter().chain(self.delta.then_some("delta")) {
            if let Some(Cow::Owned(text)) = object.get(name).filter(|value| value.starts_with('"')).map(without_han) {
                edits.push((name, Some(text.into())));
            }
        }
        for name in WAYS {
            if let Some(inner) = object.get(name).and_then(|value| self.inner(value)) {
                edits.push((name, Some(inner.into())));
            }
        }
        (!edits.is_empty()).then(|| object.with(&edits))
    }

    /// An object or a list of objects, if anything in it changes.
    fn inner(self, json: &str) -> Option<String> {
        match json.as_bytes().first()? {
            b'{' => self.object(json),
            b'[' => {
                let items = elements(json).ok()?;
                let stripped: Vec<Cow<'_, str>> = items
                    .into_iter()
                    .map(|item| self.inner(item).map_or(Cow::Borrowed(item), Cow::Owned))
                    .collect();
                let changed = stripped.iter().any(|item| matches!(item, Cow::Owned(_)));
                changed.then(|| format!("[{}]", stripped.join(",")))
            }
            _ => None,
        }
    }
}

/// A JSON string without its Han characters, the rest byte for byte as it was.
fn without_han(json: &str) -> Cow<'_, str> {
    if !may_have_han(json.as_bytes()) {
        return Cow::Borrowed(json);
    }
    let (mut kept, mut from, mut at) = (String::new(), 0, 0);
    while let Some((character, length)) = character(&json[at..]) {
        if character.is_some_and(is_han) {
            kept.push_str(&json[from..at]);
            from = at + length;
        }
        at += length;
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    kept.push_str(&json[from..]);
    Cow::Owned(kept)
}

/// The next character of a JSON string, and the bytes that it is written in. None as the character for an escape that is
/// no Han, half a surrogate pair among them.
fn character(rest: &str) -> Option<(Option<char>, usize)> {
    let first = rest.chars().next()?;
    if first != '\\' {
        return Some((Some(first), first.len_utf8()));
    }
    let Some(unit) = escaped_unit(rest) else {
        return Some((None, rest.chars().take(2).map(char::len_utf8).sum()));
    };
    let second = escaped_unit(rest.get(6..).unwrap_or_default());
    let mut decoded = char::decode_utf16([Some(unit), second].into_iter().flatten());
    match decoded.next() {
        Some(Ok(character)) => Some((Some(character), 6 * character.len_utf16())),
        _ => Some((None, 6)),
    }
}

/// The number in `\uXXXX`.
fn escaped_unit(rest: &str) -> Option<u16> {
    u16::from_str_radix(rest.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Most text in other scripts has neither bytes this high nor escapes.
fn may_have_han(bytes: &[u8]) -> bool {
    bytes.iter().any(|&byte| byte >= FIRST_LEAD) || memmem::find(bytes, b"\\u").is_some()
}

fn is_han(character: char) -> bool {
    let code = u32::from(character);
    let after = HAN.partition_point(|&(first, _)| first <= code);
    after > 0 && code <= HAN[after - 1].1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn stripped(json: &str) -> String {
        String::from_utf8(strip(json.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn han_is_what_unicode_calls_so() {
        assert!(HAN.is_sorted());
        let han = [
            '中',
            '々',
            '〇',
            '〢',
            '⺀',
            '㐀',
            '豈',
            '\u{20000}',
            '\u{2F800}',
            '\u{323AF}',
        ];
        assert!(han.into_iter().all(is_han));
        let other = [
            'a',
            'é',
            'の',
            'カ',
            '한',
            '。',
            '，',
            '—',
            '😀',
            '\u{2E9A}',
            '\u{33480}',
            'ー',
            '㈱',
        ];
        assert!(!other.into_iter().any(is_han));
    }

    #[test]
    fn the_text_of_every_dialect_as_a_table() {
        let cases = [
            (
                r#"data: {"choices":[{"delta":{"content":"a中b"}}]}"#,
                r#"data: {"choices":[{"delta":{"content":"ab"}}]}"#,
            ),
            (
                r#"{"choices":[{"delta":{"reasoning":"中","reasoning_content":"中"}}]}"#,
                r#"{"choices":[{"delta":{"reasoning":"","reasoning_content":""}}]}"#,
            ),
            (
                r#"{"choices":[{"text":"\u4e2dx\ud842\udfb7\u00e9"}]}"#,
                r#"{"choices":[{"text":"x\u00e9"}]}"#,
            ),
            (
                r#"{"content":[{"type":"text","text":"中\\u4e2d\""},{"type":"thinking","thinking":"中"}]}"#,
                r#"{"content":[{"type":"text","text":"\\u4e2d\""},{"type":"thinking","thinking":""}]}"#,
            ),
            (
                "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"中!\"}}\n\n",
                "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"!\"}}\n\n",
            ),
            (
                r#"{"type":"response.output_text.delta","delta":"中!"}"#,
                r#"{"type":"response.output_text.delta","delta":"!"}"#,
            ),
            (
                r#"{"response":{"output":[{"content":[{"text":"中!"}]}]}}"#,
                r#"{"response":{"output":[{"content":[{"text":"!"}]}]}}"#,
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(stripped(json), expected);
        }
    }

    #[test]
    fn what_tools_are_called_with_and_halves_of_pairs_stay() {
        let untouched = [
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"中","arguments":"{\"text\":\"中\"}"}}]}}]}"#,
            r#"{"content":[{"type":"tool_use","name":"中","input":{"text":"中","content":"中"}}]}"#,
            r#"{"delta":{"type":"input_json_delta","partial_json":"中"}}"#,
            r#"{"type":"response.function_call_arguments.delta","delta":"中"}"#,
            r#"{"response":{"output":[{"type":"function_call","arguments":"中"}],"instructions":"中"}}"#,
            r#"{"choices":[{"delta":{"content":"\ud842"}}]}"#,
            r#"{"choices":[{"delta":{"content":"\udfb7\ud842 \\ud842\\udfb7 の"}}]}"#,
            r#"{"choices":[{"delta":{"content":"中"}"#,
            ": 中",
            "[1]",
        ];
        for json in untouched {
            assert_eq!(stripped(json), json);
        }
    }

    proptest! {
        #[test]
        fn exactly_the_han_characters_go(text in r#"[a"\\\n中々の\x{20BB7}\x{1F600}é豈]{0,24}"#, escaped: bool) {
            let kept: String = text.chars().filter(|&character| !is_han(character)).collect();
            let mut json = json!({"choices": [{"delta": {"content": text, "tool_calls": [{"arguments": text}]}}]}).to_string();
            if escaped {
                let units = json.encode_utf16().map(|unit| match u8::try_from(unit) {
                    Ok(byte @ b' '..=b'~') => char::from(byte).to_string(),
                    _ => format!("\\u{unit:04x}"),
                });
                json = units.collect::<Vec<_>>().concat();
            }
            let value: Value = serde_json::from_str(&stripped(&json)).unwrap();
            prop_assert_eq!(&value["choices"][0]["delta"]["content"], &kept);
            prop_assert_eq!(&value["choices"][0]["delta"]["tool_calls"][0]["arguments"], &text);
        }
    }
}
