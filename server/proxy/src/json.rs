//! Reads JSON without building it: checks a whole document, splits one level of it, and leaves every value as its bytes.
//!
//! Strict by RFC 8259, so that what it accepts cannot mean something else to the engine's parser.

use std::{borrow::Cow, ops::Range};

use memchr::memchr2;

#[cfg(test)]
mod tests;

/// Deepest nesting that is accepted. No honest request comes near; parsers that recurse fall over beyond it.
const MAX_DEPTH: u32 = 128;

/// A change of one member: its new value as JSON, or none to remove it.
pub(crate) type Edit<'a> = (&'static str, Option<Cow<'a, str>>);

/// One level of an object: its members in order, each value untouched.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
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
struct Member<'a> {
    key: Cow<'a, str>,
    /// From the key's opening quote to the value's end.
    span: Range<usize>,
    value: &'a str,
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

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Open containers around `at`; the lowest bit of `objects` is the innermost, 1 for an object, 0 for an array.
    depth: u32,
    objects: u128,
    seen: Seen,
}

impl<'a> Object<'a> {
    /// Splits the one object that `text` consists of, and checks all of it.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text);
        scanner.skip_whitespace();
        if scanner.peek() != Some(b'{') {
            scanner.value()?;
            scanner.end()?;
            return Err(JsonError::NotAnObject);
        }
        scanner.open(true)?;
        let mut members = Vec::with_capacity(16);
        scanner.skip_whitespace();
        if !scanner.take(b'}') {
            loop {
                let start = scanner.at;
                let key = scanner.key()?;
                let value = scanner.spanned_value()?;
                members.push(Member {
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
        scanner.end()?;
        Ok(Self {
            text,
            members,
            seen: scanner.seen,
        })
    }

    /// An object without members.
    pub(crate) fn empty() -> Self {
        Self {
            text: "{}",
            members: Vec::new(),
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
        self.members
            .iter()
            .rev()
            .find(|member| member.key == key)
            .map(|member| member.value)
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

/// The elements of a list, as JSON.
pub(crate) fn elements(text: &str) -> Result<Vec<&str>, JsonError> {
    let mut scanner = Scanner::new(text);
    scanner.skip_whitespace();
    if scanner.peek() != Some(b'[') {
        return Err(JsonError::NotAList);
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
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(value).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// A string as a JSON value.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn push_member(text: &mut String, separator: &mut char, key: &str, value: &str) {
    text.push(*separator);
    text.push('"');
    text.push_str(key);
    text.push_str("\":");
    text.push_str(value);
    *separator = ',';
}

impl Seen {
    /// Takes note of the end of a name.
    fn note(&mut self, end: &[u8]) {
        match end.last() {
            Some(b'l') => {
                self.url |= end.ends_with(b"url");
                self.media |= end.ends_with(b"_url");
            }
            Some(b'e') => self.media |= end.ends_with(b"image"),
            Some(b'o') => self.media |= end.ends_with(b"audio"),
            Some(b't') => self.reasoning_content |= end.ends_with(b"reasoning_content"),
            _ => {}
        }
    }
}

/// Where the first control character is. Whole pieces are looked at without leaving early, which the compiler turns into
/// a few instructions for each: a prompt is long, and hardly ever has one.
fn first_control(text: &[u8]) -> Option<usize> {
    const PIECE: usize = 64;
    let is_control = |byte: &u8| *byte < 0x20;
    let (pieces, rest) = text.as_chunks::<PIECE>();
    let clean = pieces
        .iter()
        .take_while(|piece| piece.iter().fold(u8::MAX, |least, byte| least.min(*byte)) >= 0x20)
        .count();
    let looked_at = if clean == pieces.len() { rest } else { &pieces[clean] };
    let found = looked_at.iter().position(is_control)?;
    Some(clean * PIECE + found)
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            objects: 0,
            seen: Seen::default(),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn invalid<T>(&self) -> Result<T, JsonError> {
        Err(JsonError::Invalid { at: self.at })
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { self.invalid() }
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Nothing but whitespace may be left.
    fn end(&mut self) -> Result<(), JsonError> {
        self.skip_whitespace();
        if self.at == self.text.len() {
            Ok(())
        } else {
            self.invalid()
        }
    }

    fn open(&mut self, object: bool) -> Result<(), JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        self.at += 1;
        Ok(())
    }

    /// A key and its colon.
    fn key(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.at;
        self.string()?;
        let raw = &self.text[start..self.at];
        self.skip_whitespace();
        self.expect(b':')?;
        self.skip_whitespace();
        // A key with half a surrogate pair is none that we know; its raw form serves to tell it from others.
        Ok(string(raw).unwrap_or(Cow::Borrowed(raw)))
    }

    fn spanned_value(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.value()?;
        Ok(&self.text[start..self.at])
    }

    /// One value of any type, however deep, without recursion.
    fn value(&mut self) -> Result<(), JsonError> {
        let outside = self.depth;
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.open(true)?;
                    self.skip_whitespace();
                    if self.peek() != Some(b'}') {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(false)?;
                    self.skip_whitespace();
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                _ => return self.invalid(),
            }
            if self.close_containers(outside)? {
                return Ok(());
            }
        }
    }

    /// After a value: closes what ends here, and stops before the next value. True when nothing is open that was not before.
    fn close_containers(&mut self, outside: u32) -> Result<bool, JsonError> {
        while self.depth > outside {
            let object = self.objects & 1 == 1;
            self.skip_whitespace();
            if self.take(if object { b'}' } else { b']' }) {
                self.depth -= 1;
                self.objects >>= 1;
                continue;
            }
            self.expect(b',')?;
            self.skip_whitespace();
            if object {
                self.key()?;
            }
            return Ok(false);
        }
        Ok(true)
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.expect(b'"')?;
        let bytes = self.text.as_bytes();
        loop {
            let rest = &bytes[self.at..];
            let Some(length) = memchr2(b'"', b'\\', rest) else {
                return self.invalid();
            };
            if let Some(control) = first_control(&rest[..length]) {
                self.at += control;
                return self.invalid();
            }
            self.at += length + 1;
            if rest[length] == b'"' {
                self.seen.note(&rest[..length]);
                return Ok(());
            }
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'u') => {
                    let digits = bytes.get(self.at + 1..self.at + 5);
                    if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                        return self.invalid();
                    }
                    self.seen.unicode_escape = true;
                    self.at += 5;
                }
                _ => return self.invalid(),
            }
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { self.invalid() }
    }

    fn literal(&mut self, literal: &str) -> Result<(), JsonError> {
        if !self.text[self.at..].starts_with(literal) {
            return self.invalid();
        }
        self.at += literal.len();
        Ok(())
    }
}
