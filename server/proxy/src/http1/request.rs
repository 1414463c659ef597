//! Heads of requests (RFC 9112): those that are plain, and that all others are left alone.

use std::{mem::MaybeUninit, sync::LazyLock};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderName, HeaderValue,
    header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING, UPGRADE},
};
use memchr::memmem::{self, Finder};

use crate::fields::Fields;

/// Longest head that is waited for, in bytes.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// Most fields that are taken.
const MAX_FIELDS: usize = 64;

/// Fields that are set anew on the way to the engine, at most.
const ADDED_FIELDS: usize = 3;

/// What has been read so far, seen as a head.
pub(super) enum Head {
    /// It is all there, with the empty line at its end.
    Whole(Bytes),
    /// There is more to come.
    Unfinished,
    /// It will not be one that we read.
    Strange,
}

/// A request of a known length.
pub(super) struct Plain<R> {
    pub(super) route: R,
    pub(super) headers: Fields,
    /// Of the body, in bytes.
    pub(super) length: usize,
    /// Whether the caller wants to go on with the connection.
    pub(super) keeps_alive: bool,
}

/// Takes a head off the front of what has been read.
pub(super) fn take_head(read: &mut BytesMut) -> Head {
    static END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n\r\n"));
    match END.find(read) {
        Some(end) => Head::Whole(read.split_to(end + 4).freeze()),
        // Lines may end without a carriage return; then the end is not where we look for it.
        None if read.len() > MAX_HEAD_BYTES || memmem::find(read, b"\n\n").is_some() => Head::Strange,
        None => Head::Unfinished,
    }
}

/// The request with that head, if it is a plain one: HTTP/1.1, POST, a path for which there is a route, a body of one
/// undisputed length, and nothing about the connection but whether it goes on.
pub(super) fn parse<R>(head: &Bytes, route: impl Fn(&str) -> Option<R>) -> Option<Plain<R>> {
    let mut fields = [MaybeUninit::uninit(); MAX_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(head, &mut fields);
    let ends_there = parsed == Ok(httparse::Status::Complete(head.len()));
    if !ends_there || request.version != Some(1) || request.method != Some("POST") {
        return None;
    }
    let target = request.path?;
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let route = route(path)?;
    let (mut headers, mut length, mut keeps_alive) =
        (Fields::with_capacity(request.headers.len() + ADDED_FIELDS), None, None);
    for field in &*request.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        if name == CONTENT_LENGTH {
            if length.replace(number(field.value)?).is_some() {
                return None;
            }
        } else if name == CONNECTION {
            let wish = match field.value {
                wish if wish.eq_ignore_ascii_case(b"keep-alive") => true,
                wish if wish.eq_ignore_ascii_case(b"close") => false,
                _ => return None,
            };
            if keeps_alive.replace(wish).is_some() {
                return None;
            }
        } else if [TRANSFER_ENCODING, EXPECT, UPGRADE].contains(&name) {
            return None;
        }
        let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value)).ok()?;
        headers.append(name, value);
    }
    Some(Plain {
        route,
        headers,
        length: length?,
        keeps_alive: keeps_alive.unwrap_or(true),
    })
}

fn number(digits: &[u8]) -> Option<usize> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: &str =
        "POST /v1/messages?beta=true HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nX-Api-Key:  k \r\n\r\n";

    fn of(head: &str) -> Option<Plain<()>> {
        let known = |path: &str| (path == "/v1/messages").then_some(());
        parse(&Bytes::copy_from_slice(head.as_bytes()), known)
    }

    #[test]
    fn a_plain_request_is_read() {
        let plain = of(PLAIN).unwrap();
        assert_eq!((plain.length, plain.keeps_alive), (12, true));
        assert_eq!(plain.headers.text(&HeaderName::from_static("x-api-key")), Some("k"));
        assert_eq!(plain.headers.iter().count(), 3);
        let closes = of(&PLAIN.replace("X-Api-Key:  k ", "connection: Close")).unwrap();
        assert!(!closes.keeps_alive);
    }

    #[test]
    fn whatever_else_comes_is_left_alone() {
        for (what, with) in [
            ("POST", "GET"),
            ("POST", "post"),
            ("/v1/messages?beta=true", "/v1/models"),
            ("/v1/messages?beta=true", "/v1/messages/"),
            ("/v1/messages?beta=true", "//v1/messages"),
            ("/v1/messages?beta=true", "/v1/%6dessages"),
            ("/v1/messages?beta=true", "/v1/x/../messages"),
            ("/v1/messages?beta=true", "http://a/v1/messages"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("HTTP/1.1", "HTTP/2.0"),
            ("Content-Length: 12", "Content-Length: +12"),
            ("Content-Length: 12", "Content-Length: 12, 12"),
            ("Content-Length: 12", "Content-Length: 12\r\nContent-Length: 12"),
            ("Content-Length: 12", "Content-Length: 99999999999999999999"),
            ("Content-Length: 12", "Content-Length:"),
            ("Content-Length: 12", "X-Other: 12"),
            ("Content-Length: 12", "Content-Length: 12\r\nTransfer-Encoding: chunked"),
            ("Content-Length: 12", "Content-Length : 12"),
            ("Host: a", "Expect: 100-continue"),
            ("Host: a", "Upgrade: websocket"),
            ("Host: a", "Connection: upgrade"),
            ("Host: a", "Connection: keep-alive, x-api-key"),
            ("Host: a", "Connection: close\r\nConnection: keep-alive"),
            ("Host: a\r\n", "Host: a\r\n folded\r\n"),
            ("Host: a\r\n", "Host: a\n\r\n"),
            ("Host: a", "Ho st: a"),
            ("X-Api-Key:  k ", "X-Api-Key: \u{1}"),
        ] {
            let head = PLAIN.replacen(what, with, 1);
            assert_ne!(head, PLAIN);
            assert!(of(&head).is_none(), "{head:?}");
        }
        let many = "x: 1\r\n".repeat(MAX_FIELDS);
        assert!(of(&PLAIN.replace("Host: a\r\n", &many)).is_none());
    }

    #[test]
    fn a_head_is_waited_for_unless_it_cannot_come() {
        let long = format!("POST / HTTP/1.1\r\nx: {}", "x".repeat(MAX_HEAD_BYTES));
        for strange in ["POST / HTTP/1.1\nHost: a\n\n", &long] {
            let mut read = BytesMut::from(strange);
            assert!(matches!(take_head(&mut read), Head::Strange));
            assert_eq!(read, strange, "it is given back whole");
        }
    }

    proptest! {
        #[test]
        fn reads_make_no_difference(cut in 0..PLAIN.len(), behind in "[a-z\r\n]{0,20}") {
            let all = format!("{PLAIN}{behind}");
            let mut read = BytesMut::from(&all[..cut]);
            prop_assert!(matches!(take_head(&mut read), Head::Unfinished));
            read.extend_from_slice(&all.as_bytes()[cut..]);
            let Head::Whole(head) = take_head(&mut read) else { return Err(TestCaseError::fail("no head")) };
            prop_assert_eq!((&head[..], &read[..]), (PLAIN.as_bytes(), behind.as_bytes()));
        }
    }
}
