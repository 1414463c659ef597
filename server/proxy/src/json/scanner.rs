//! Goes through JSON byte by byte, and checks it on the way.

use std::borrow::Cow;

use super::{JsonError, Seen, plain::plain_length, string};

/// Deepest nesting that is accepted. No honest request comes near; parsers that recurse fall over beyond it.
pub(super) const MAX_DEPTH: u32 = 128;

/// Where it is in a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    pub(super) at: usize,
    /// Open containers around `at`; the lowest bit of `objects` is the innermost, 1 for an object, 0 for an array.
    depth: u32,
    objects: u128,
    pub(super) seen: Seen,
}

/// What is wrong with a text. One byte, since it is handed up from the smallest steps, which hardly ever find one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Invalid,
    NotAnObject,
    NotAList,
    TooDeep,
}

impl Seen {
    /// Takes note of the end of a name.
    fn note(&mut self, end: &[u8]) {
        match end {
            [before @ .., b'u', b'r', b'l'] => {
                self.url = true;
                self.media |= before.last() == Some(&b'_');
            }
            [.., b'i', b'm', b'a', b'g', b'e'] | [.., b'a', b'u', b'd', b'i', b'o'] => self.media = true,
            [.., b'e', b'n', b't'] => self.reasoning_content |= end.ends_with(b"reasoning_content"),
            _ => {}
        }
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            objects: 0,
            seen: Seen::default(),
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// What a flaw that was found where the scanner stands is to those who asked.
    pub(super) fn error(&self, flaw: Flaw) -> JsonError {
        match flaw {
            Flaw::Invalid => JsonError::Invalid { at: self.at },
            Flaw::NotAnObject => JsonError::NotAnObject,
            Flaw::NotAList => JsonError::NotAList,
            Flaw::TooDeep => JsonError::TooDeep,
        }
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Flaw> {
        if self.take(byte) { Ok(()) } else { Err(Flaw::Invalid) }
    }

    pub(super) fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Nothing but whitespace may be left.
    pub(super) fn end(&mut self) -> Result<(), Flaw> {
        self.skip_whitespace();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(Flaw::Invalid)
        }
    }

    pub(super) fn open(&mut self, object: bool) -> Result<(), Flaw> {
        if self.depth == MAX_DEPTH {
            return Err(Flaw::TooDeep);
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(object);
        self.at += 1;
        Ok(())
    }

    /// A key and its colon.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Flaw> {
        let start = self.at;
        let is_plain = self.string()?;
        let raw = &self.text[start..self.at];
        self.colon()?;
        if is_plain {
            return Ok(Cow::Borrowed(&raw[1..raw.len() - 1]));
        }
        // A key with half a surrogate pair is none that we know; its raw form serves to tell it from others.
        Ok(string(raw).unwrap_or(Cow::Borrowed(raw)))
    }

    /// A key that nobody asks for, and its colon.
    fn skip_key(&mut self) -> Result<(), Flaw> {
        self.string()?;
        self.colon()
    }

    fn colon(&mut self) -> Result<(), Flaw> {
        self.skip_whitespace();
        self.expect(b':')?;
        self.skip_whitespace();
        Ok(())
    }

    pub(super) fn spanned_value(&mut self) -> Result<&'a str, Flaw> {
        let start = self.at;
        self.value()?;
        Ok(&self.text[start..self.at])
    }

    /// One value of any type, however deep, without recursion.
    pub(super) fn value(&mut self) -> Result<(), Flaw> {
        let outside = self.depth;
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.open(true)?;
                    self.skip_whitespace();
                    if self.peek() != Some(b'}') {
                        self.skip_key()?;
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
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                _ => return Err(Flaw::Invalid),
            }
            if self.close_containers(outside)? {
                return Ok(());
            }
        }
    }

    /// After a value: closes what ends here, and stops before the next value. True when nothing is open that was not before.
    fn close_containers(&mut self, outside: u32) -> Result<bool, Flaw> {
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
                self.skip_key()?;
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// A string. Tells whether it stands for itself: nothing in it is escaped.
    fn string(&mut self) -> Result<bool, Flaw> {
        self.expect(b'"')?;
        let bytes = self.text.as_bytes();
        let mut is_plain = true;
        loop {
            let rest = &bytes[self.at..];
            let length = plain_length(rest);
            self.at += length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    self.seen.note(&rest[..length]);
                    return Ok(is_plain);
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(Flaw::Invalid),
            }
            is_plain = false;
        }
    }

    fn escape(&mut self) -> Result<(), Flaw> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(Flaw::Invalid);
                }
                self.seen.unicode_escape = true;
                self.at += 5;
            }
            _ => return Err(Flaw::Invalid),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Flaw> {
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

    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Flaw::Invalid) }
    }

    fn literal(&mut self, literal: &str) -> Result<(), Flaw> {
        if !self.text[self.at..].starts_with(literal) {
            return Err(Flaw::Invalid);
        }
        self.at += literal.len();
        Ok(())
    }
}
