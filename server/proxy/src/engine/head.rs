//! Heads of requests as they are written, and of answers as they are read (RFC 9112).

use std::{io, mem::MaybeUninit};

use bytes::{Buf, BytesMut};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::body::Framing;
use crate::fields::Fields;

/// Longest head that is taken from the engine, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Bytes that the head of a request hardly ever goes beyond.
const USUAL_HEAD: usize = 1_024;

/// Most fields that are taken.
const MAX_FIELDS: usize = 100;

/// Fields that are hardly ever exceeded by those that an answer is given on its way to the caller.
const ADDED_FIELDS: usize = 10;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) fields: Fields,
    pub(super) framing: Framing,
    /// Whether the connection can be used again afterwards.
    pub(super) keeps_alive: bool,
}

/// The head of a POST request, with room for `more` bytes behind it.
pub(super) fn request<'a>(
    path: &str,
    host: &HeaderValue,
    headers: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>,
    length: usize,
    more: usize,
) -> Vec<u8> {
    let mut head = Vec::with_capacity(USUAL_HEAD + more);
    let pieces = [
        &b"POST "[..],
        path.as_bytes(),
        b" HTTP/1.1\r\nhost: ",
        host.as_bytes(),
        b"\r\n",
    ];
    for piece in pieces {
        head.extend_from_slice(piece);
    }
    for (name, value) in headers {
        let field = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
        for piece in field {
            head.extend_from_slice(piece);
        }
    }
    let mut digits = itoa::Buffer::new();
    for piece in [b"content-length: ", digits.format(length).as_bytes(), b"\r\n\r\n"] {
        head.extend_from_slice(piece);
    }
    head
}

/// Takes a head off the front of `buffer`; none while it is not complete.
pub(super) fn parse(buffer: &mut BytesMut) -> io::Result<Option<Head>> {
    let mut fields = [MaybeUninit::uninit(); MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed =
        httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut response, buffer, &mut fields);
    let length = match parsed.map_err(malformed)? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial if buffer.len() > MAX_HEAD_BYTES => return Err(malformed("the head is too long")),
        httparse::Status::Partial => return Ok(None),
    };
    let status = StatusCode::from_u16(response.code.unwrap_or_default()).map_err(malformed)?;
    let mut fields = Fields::with_capacity(response.headers.len() + ADDED_FIELDS);
    for field in &*response.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(malformed)?;
        fields.append(name, HeaderValue::from_bytes(field.value).map_err(malformed)?);
    }
    let framing = framing(status, &fields)?;
    let unambiguous = !(fields.contains(&CONTENT_LENGTH) && fields.contains(&TRANSFER_ENCODING));
    let keeps_alive = response.version == Some(1)
        && unambiguous
        && framing != Framing::UntilClose
        && !says(&fields, &CONNECTION, "close");
    buffer.advance(length);
    Ok(Some(Head {
        status,
        fields,
        framing,
        keeps_alive,
    }))
}

/// How the body is delimited (RFC 9112, section 6.3).
fn framing(status: StatusCode, fields: &Fields) -> io::Result<Framing> {
    if status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        return Ok(Framing::Length(0));
    }
    if fields.contains(&TRANSFER_ENCODING) {
        return if says(fields, &TRANSFER_ENCODING, "chunked") {
            Ok(Framing::chunked())
        } else {
            Err(malformed("an unknown transfer encoding"))
        };
    }
    let mut lengths = fields.get_all(&CONTENT_LENGTH);
    let Some(first) = lengths.next() else {
        return Ok(Framing::UntilClose);
    };
    if lengths.any(|other| other != first) {
        return Err(malformed("contradictory lengths"));
    }
    let digits = first
        .to_str()
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok());
    length
        .map(Framing::Length)
        .ok_or_else(|| malformed("an unreadable length"))
}

/// Whether the last of a field's comma-separated words is `word`.
fn says(fields: &Fields, name: &HeaderName, word: &str) -> bool {
    let last = fields.get_all(name).next_back();
    let last = last.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    last.is_some_and(|last| last.trim().eq_ignore_ascii_case(word))
}

pub(super) fn malformed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
