//! Forms with files (`multipart/form-data`, RFC 7578): read strictly, and written anew.
//!
//! What the engine gets is never the caller's own framing but one written here, under a boundary that the caller cannot
//! know. However two readers may differ about a form, there is only one reading of what arrives.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, header::CONTENT_TYPE};
use memchr::memmem;
use worv_core::Entropy;

use crate::{error::ApiError, fields::Fields};

/// Most parts that a form may have. The longest that is known, every field of a transcription, has about thirty.
const MAX_PARTS: usize = 64;

/// Longest head of a part, in bytes.
const MAX_PART_HEAD_BYTES: usize = 4 << 10;

/// Longest boundary (RFC 2046, section 5.1.1).
const MAX_BOUNDARY_BYTES: usize = 70;

/// Letters and digits of a boundary of ours: 178 bits.
const BOUNDARY_LENGTH: usize = 30;

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) filename: Option<Cow<'a, str>>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) content: &'a [u8],
}

/// A form being written.
#[derive(Debug)]
pub(crate) struct FormWriter {
    boundary: String,
    bytes: Vec<u8>,
}

/// The parts of a form, in their order.
pub(crate) fn parse<'a>(headers: &Fields, body: &'a [u8]) -> Result<Vec<Part<'a>>, ApiError> {
    let boundary = boundary(headers).ok_or_else(|| malformed("its `Content-Type` names no usable boundary"))?;
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(delimiter.as_bytes());
    let mut parts = Vec::new();
    let first = &delimiter.as_bytes()[2..];
    let mut rest = body
        .strip_prefix(first)
        .ok_or_else(|| malformed("it does not begin with its boundary"))?;
    loop {
        if let Some(epilogue) = rest.strip_prefix(b"--") {
            return if matches!(epilogue, b"" | b"\r\n") {
                Ok(parts)
            } else {
                Err(malformed("something follows its end"))
            };
        }
        // A boundary must not occur in a part, so what only begins like one is no part's content either.
        let part = rest
            .strip_prefix(b"\r\n")
            .ok_or_else(|| malformed("a boundary is not alone in its line"))?;
        let end = finder
            .find(part)
            .ok_or_else(|| malformed("it breaks off before its last boundary"))?;
        if parts.len() == MAX_PARTS {
            return Err(malformed("it has too many parts"));
        }
        parts.push(read_part(&part[..end])?);
        rest = &part[end + delimiter.len()..];
    }
}

impl FormWriter {
    /// A form without parts, with room for `bytes`.
    pub(crate) fn new(entropy: &Entropy, bytes: usize) -> Self {
        Self {
            boundary: entropy.alphanumeric(BOUNDARY_LENGTH),
            bytes: Vec::with_capacity(bytes),
        }
    }

    /// Adds a field. Its name must be one of ours.
    pub(crate) fn field(&mut self, name: &'static str, value: &str) {
        self.begin(name);
        self.end(value.as_bytes());
    }

    /// Adds a file. The name of its field must be one of ours.
    pub(crate) fn file(&mut self, name: &'static str, file: &Part<'_>) {
        self.begin(name);
        let filename = escaped(file.filename.as_deref().unwrap_or(name));
        self.bytes
            .extend_from_slice(format!("; filename=\"{filename}\"").as_bytes());
        if let Some(content_type) = file.content_type {
            self.bytes
                .extend_from_slice(format!("\r\nContent-Type: {content_type}").as_bytes());
        }
        self.end(file.content);
    }

    /// The whole form, and the `Content-Type` that goes with it.
    pub(crate) fn finish(mut self) -> (Bytes, HeaderValue) {
        let boundary = self.boundary;
        self.bytes.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
        let content_type = content_type.unwrap_or_else(|_| HeaderValue::from_static("multipart/form-data"));
        (self.bytes.into(), content_type)
    }

    fn begin(&mut self, name: &'static str) {
        let boundary = &self.boundary;
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"");
        self.bytes.extend_from_slice(head.as_bytes());
    }

    fn end(&mut self, content: &[u8]) {
        for piece in [b"\r\n\r\n", content, b"\r\n"] {
            self.bytes.extend_from_slice(piece);
        }
    }
}

/// The boundary that the one `Content-Type` names, if it can be one.
fn boundary(headers: &Fields) -> Option<&str> {
    let content_type = headers.text(&CONTENT_TYPE)?;
    let mut named = content_type.split(';').skip(1).filter_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    });
    let value = named.next()?;
    let value = value
        .strip_prefix('"')
        .map_or(Some(value), |quoted| quoted.strip_suffix('"'))?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    let usable = (1..=MAX_BOUNDARY_BYTES).contains(&value.len()) && value.bytes().all(is_allowed);
    (usable && named.next().is_none()).then_some(value)
}

/// Reads a part: its head, an empty line, its content.
fn read_part(part: &[u8]) -> Result<Part<'_>, ApiError> {
    let end = memmem::find(part, b"\r\n\r\n")
        .filter(|&end| end <= MAX_PART_HEAD_BYTES)
        .ok_or_else(|| malformed("the head of a part has no end"))?;
    let head = str::from_utf8(&part[..end]).map_err(|_| malformed("the head of a part is not UTF-8"))?;
    let (mut disposition, mut content_type) = (None, None);
    for line in head.split("\r\n") {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| malformed("a line in the head of a part has no colon"))?;
        let slot = if name.eq_ignore_ascii_case("content-disposition") {
            &mut disposition
        } else if name.eq_ignore_ascii_case("content-type") {
            &mut content_type
        } else {
            continue;
        };
        if slot.replace(value.trim()).is_some() {
            return Err(malformed("the head of a part says something twice"));
        }
    }
    let disposition = disposition.ok_or_else(|| malformed("a part has no `Content-Disposition`"))?;
    let (name, filename) = names(disposition)?;
    let is_plain = |value: &&str| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    Ok(Part {
        name,
        filename,
        content_type: content_type.filter(is_plain),
        content: &part[end + 4..],
    })
}

/// `name` and `filename` of a `Content-Disposition`.
fn names(disposition: &str) -> Result<(Cow<'_, str>, Option<Cow<'_, str>>), ApiError> {
    let unreadable = || malformed("the `Content-Disposition` of a part cannot be read");
    let mut rest = disposition.strip_prefix("form-data").ok_or_else(unreadable)?.trim();
    let (mut name, mut filename) = (None, None);
    while !rest.is_empty() {
        let parameter = rest.strip_prefix(';').ok_or_else(unreadable)?;
        let (key, value) = parameter.split_once('=').ok_or_else(unreadable)?;
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            unquoted(quoted).ok_or_else(unreadable)?
        } else {
            let (value, after) = value.split_at(value.find(';').unwrap_or(value.len()));
            (Cow::Borrowed(value.trim()), after)
        };
        let slot = match key.trim() {
            key if key.eq_ignore_ascii_case("name") => Some(&mut name),
            key if key.eq_ignore_ascii_case("filename") => Some(&mut filename),
            _ => None,
        };
        if slot.is_some_and(|slot| slot.replace(value).is_some()) {
            return Err(malformed("a part has two names"));
        }
        rest = after.trim_start();
    }
    Ok((name.ok_or_else(|| malformed("a part has no name"))?, filename))
}

/// What stands before the closing quote, and what follows it.
fn unquoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut value = String::new();
    let mut taken = 0;
    loop {
        let at = taken + text[taken..].find(['"', '\\'])?;
        if text.as_bytes()[at] == b'"' {
            let rest = &text[at + 1..];
            return Some(if value.is_empty() {
                (Cow::Borrowed(&text[..at]), rest)
            } else {
                value.push_str(&text[taken..at]);
                (Cow::Owned(value), rest)
            });
        }
        value.push_str(&text[taken..at]);
        let escaped = text[at + 1..].chars().next()?;
        // Browsers do not escape, and write the paths of an old system with backslashes.
        if !matches!(escaped, '"' | '\\') {
            value.push('\\');
        }
        value.push(escaped);
        taken = at + 1 + escaped.len_utf8();
    }
}

/// A file's name as browsers write it between quotes (HTML, section 4.10.21.8), and without anything that is no text.
fn escaped(filename: &str) -> String {
    let plain = filename.chars().filter(|letter| !letter.is_control());
    plain.fold(String::with_capacity(filename.len()), |mut escaped, letter| {
        match letter {
            '"' => escaped.push_str("%22"),
            letter => escaped.push(letter),
        }
        escaped
    })
}

fn malformed(what: &str) -> ApiError {
    ApiError::invalid(format!("The form cannot be read: {what}."))
}

#[cfg(test)]
mod tests;
