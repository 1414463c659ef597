//! Reads JSON without building it: checks a whole document, splits one level of it, and leaves every value as its bytes.
//!
//! Strict by RFC 8259, so that what it accepts cannot mean something else to the engine's parser.

use std::{borrow::Cow, ops::Range};

use memchr::memchr;

use self::scanner::{Flaw, MAX_DEPTH, Scanner};

mod plain;
mod scanner;
#[cfg(test)]
mod tests;

/// Members that an object hardly ever goes beyond, a request included.
const USUAL_MEMBERS: usize = 16;

/// A change of one member: its new value as JSON, or none to remove it.
pub(crate) type Edit<'a> = (&'static str, Option<Cow<'a, str>>);

/// One level of an object: its members in order, each value untouched.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
    /// The marks of all keys: most keys that are asked for are not there, and most of those have another mark.
    marks: u64,
    /// Whether some key has the mark of another.
    shares_marks: bool,
    seen: Seen,
}

/// What was seen on the way through an object, at any depth, so that a long one need not be searched for it again. True
/// where it may be; a name may as well be a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state")]
pub(crate) struct Seen {
    /// Something is written as `\u....`, which can hide any name.
    pub(crate) unicode_escape: bool,
    /// A name that ends in `url`.
    pub(crate) url: bool,
    /// A name that ends in `_url`, `image` or `audio`.
    pub(crate) media: bool,
    /// A name that ends in `reasoning_content`.
    pub(crate) reasoning_content: bool,
}

/// `"key": value`
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    /// From the key's opening quote to the value's end.
    span: Range<usize>,
    /// As JSON.
    pub(crate) value: &'a str,
}

/// Where and why a text is not what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonError {
    /// It is not JSON.
    #[error("invalid JSON at byte {at}")]
    Invalid {
        /// Counted from 0.
        at: usize,
    },
    /// It is JSON, but not the object that was expected.
    #[error("not an object")]
    NotAnObject,
    /// It is JSON, but not the list that was expected.
    #[error("not a list")]
    NotAList,
    /// It is nested too deeply.
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

impl<'a> Object<'a> {
    /// Splits the one object that `text` consists of, and checks all of it.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonError> {
        let (mut members, mut marks, mut shares_marks) = (Vec::new(), 0, false);
        let seen = each_member(text, |member| {
            if members.is_empty() {
                members.reserve(USUAL_MEMBERS);
            }
            let mark = mark(&member.key);
            shares_marks |= marks & mark != 0;
            marks |= mark;
            members.push(member);
        })?;
        Ok(Self {
            text,
            members,
            marks,
            shares_marks,
            seen,
        })
    }

    /// An object without members.
    pub(crate) fn empty() -> Self {
        Self {
            text: "{}",
            members: Vec::new(),
            marks: 0,
            shares_marks: false,
            seen: Seen::default(),
        }
    }

    /// What was seen on the way through it.
    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }

    /// The whole object, as JSON.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// The value of a member, as JSON; of the last one if there are several, as the engine would take it.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        if self.marks & mark(key) == 0 {
            return None;
        }
        self.members
            .iter()
            .rev()
            .find(|member| member.key == key)
            .map(|member| member.value)
    }

    /// The same, unless it is null, which clients write out for what they do not set.
    pub(crate) fn given(&self, key: &str) -> Option<&'a str> {
        self.get(key).filter(|value| *value != "null")
    }

    /// A key that is there more than once, if any is.
    pub(crate) fn repeated_key(&self) -> Option<&str> {
        if !self.shares_marks {
            return None;
        }
        let mut keys: Vec<&str> = self.keys().collect();
        keys.sort_unstable();
        let pair = keys.windows(2).find(|pair| pair[0] == pair[1])?;
        Some(pair[0])
    }

    /// Every key, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| &*member.key)
    }

    /// The object with some members set to other values, or removed where the value is none. The others stay byte for byte
    /// as they were; new ones come last.
    pub(crate) fn with(&self, edits: &[Edit<'_>]) -> String {
        let added: usize = edits
            .iter()
            .map(|(key, value)| key.len() + value.as_ref().map_or(0, |value| value.len()) + 4)
            .sum();
        let mut text = String::with_capacity(self.text.len() + added);
        let mut separator = '{';
        for member in &self.members {
            match edits.iter().find(|(key, _)| *key == member.key) {
                None => {
                    text.push(separator);
                    text.push_str(&self.text[member.span.clone()]);
                    separator = ',';
                }
                Some((key, Some(value))) => push_member(&mut text, &mut separator, key, value),
                Some((_, None)) => {}
            }
        }
        for (key, value) in edits {
            if let Some(value) = value
                && !self.keys().any(|present| present == *key)
            {
                push_member(&mut text, &mut separator, key, value);
            }
        }
        if separator == '{' {
            text.push(separator);
        }
        text.push('}');
        text
    }
}

/// Goes through the members of the one object that `text` consists of, checks all of it, and tells what it has seen.
pub(crate) fn each_member<'a>(text: &'a str, mut take: impl FnMut(Member<'a>)) -> Result<Seen, JsonError> {
    let mut scanner = Scanner::new(text);
    match scan_members(&mut scanner, &mut take) {
        Ok(()) => Ok(scanner.seen),
        Err(flaw) => Err(scanner.error(flaw)),
    }
}

fn scan_members<'a>(scanner: &mut Scanner<'a>, take: &mut impl FnMut(Member<'a>)) -> Result<(), Flaw> {
    scanner.skip_whitespace();
    if scanner.peek() != Some(b'{') {
        scanner.value()?;
        scanner.end()?;
        return Err(Flaw::NotAnObject);
    }
    scanner.open(true)?;
    scanner.skip_whitespace();
    if !scanner.take(b'}') {
        loop {
            let start = scanner.at;
            let key = scanner.key()?;
            let value = scanner.spanned_value()?;
            take(Member {
                key,
                span: start..scanner.at,
                value,
            });
            scanner.skip_whitespace();
            if scanner.take(b'}') {
                break;
            }
            scanner.expect(b',')?;
            scanner.skip_whitespace();
        }
    }
    scanner.end()
}

/// The elements of a list, as JSON.
pub(crate) fn elements(text: &str) -> Result<Vec<&str>, JsonError> {
    let mut scanner = Scanner::new(text);
    scan_elements(&mut scanner).map_err(|flaw| scanner.error(flaw))
}

fn scan_elements<'a>(scanner: &mut Scanner<'a>) -> Result<Vec<&'a str>, Flaw> {
    scanner.skip_whitespace();
    if scanner.peek() != Some(b'[') {
        return Err(Flaw::NotAList);
    }
    scanner.open(false)?;
    let mut elements = Vec::new();
    scanner.skip_whitespace();
    if !scanner.take(b']') {
        loop {
            elements.push(scanner.spanned_value()?);
            scanner.skip_whitespace();
            if scanner.take(b']') {
                break;
            }
            scanner.expect(b',')?;
            scanner.skip_whitespace();
        }
    }
    scanner.end()?;
    Ok(elements)
}

/// The string that a JSON value is, or none if it is of another type (or holds half a surrogate pair).
pub(crate) fn string(value: &str) -> Option<Cow<'_, str>> {
    let [b'"', inner @ .., b'"'] = value.as_bytes() else {
        return None;
    };
    let escaped = memchr(b'\\', inner).is_some();
    let inner = &value[1..value.len() - 1];
    if escaped {
        serde_json::from_str(value).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// A string as a JSON value.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One of 64 bits, by a key's length and first letter.
fn mark(key: &str) -> u64 {
    let first = key.bytes().next().unwrap_or_default();
    1 << ((key.len() + 7 * usize::from(first)) % 64)
}

fn push_member(text: &mut String, separator: &mut char, key: &str, value: &str) {
    text.push(*separator);
    text.push('"');
    text.push_str(key);
    text.push_str("\":");
    text.push_str(value);
    *separator = ',';
}
