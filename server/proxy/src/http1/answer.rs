//! Answers as they are written (RFC 9112).

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use worv_core::UnixMillis;

use super::{caller::Caller, date::http_date};
use crate::{
    answer::{Answer, AnswerBody, AnswerHead},
    engine::EngineBody,
    relay::Relay,
};

/// A piece of a stream from this length on is written from where it is; shorter ones are copied next to each other.
const LARGE_PIECE: usize = 4 << 10;

/// Most that waits to be written before more is asked for, in bytes.
const MOST_WAITING: usize = 16 << 10;

/// Room for what is small, in bytes: at first, and while nothing is to be written.
const FIRST_ROOM: usize = 512;

const LINE_END: &[u8] = b"\r\n";

/// The end of a chunked body.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes a whole answer, or a stream to its end.
///
/// # Errors
/// Where the caller leaves before.
pub(super) async fn write<S>(
    caller: &mut Caller<S>,
    answer: Answer,
    now: UnixMillis,
    keeps_alive: bool,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Answer { head, body } = answer;
    let mut out = Outgoing::default();
    match body {
        AnswerBody::Whole(body) => {
            out.add_head(&head, now, keeps_alive, Some(body.len()));
            out.add(body);
            out.ended = true;
            poll_fn(|context| out.poll_write(&mut caller.stream, context)).await
        }
        AnswerBody::Stream(mut relay) => {
            out.add_head(&head, now, keeps_alive, None);
            drop(head);
            poll_fn(|context| poll_stream(caller, &mut relay, &mut out, context)).await
        }
    }
}

/// Carries a stream on for as long as there is something to do. Ready at its end.
fn poll_stream<S>(
    caller: &mut Caller<S>,
    relay: &mut Relay<EngineBody>,
    out: &mut Outgoing,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let mut waits = false;
        while !(waits || out.ended || out.is_full()) {
            match Pin::new(&mut *relay).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(piece) = frame.into_data() {
                        out.add_chunk(piece);
                    }
                }
                Poll::Ready(None) => out.add_end(),
                Poll::Pending => waits = true,
            }
        }
        let written = out.poll_write(&mut caller.stream, context)?.is_ready();
        if written && out.ended {
            return Poll::Ready(Ok(()));
        }
        if waits || !written {
            return caller.poll_left(context).map(Err);
        }
    }
}

/// What is to be written: these three, one after the other.
#[derive(Default)]
struct Outgoing {
    small: Vec<u8>,
    /// How much of that is written.
    from: usize,
    large: Bytes,
    tail: &'static [u8],
    /// Whether nothing more will come.
    ended: bool,
}

impl Outgoing {
    /// The head; without a length the body is chunked.
    fn add_head(&mut self, head: &AnswerHead, now: UnixMillis, keeps_alive: bool, length: Option<usize>) {
        self.small.reserve(FIRST_ROOM);
        let reason = head.status.canonical_reason().unwrap_or_default();
        self.add_line(&[b"HTTP/1.1 ", head.status.as_str().as_bytes(), b" ", reason.as_bytes()]);
        for (name, value) in head.fields.iter() {
            self.add_line(&[name.as_str().as_bytes(), b": ", value.as_bytes()]);
        }
        if let Some(limits) = head.limits {
            limits.each(|name, value| self.add_line(&[name.as_bytes(), b": ", value]));
        }
        if !keeps_alive {
            self.add_line(&[b"connection: close"]);
        }
        self.add_line(&[b"date: ", &http_date(now)]);
        match length {
            Some(length) => {
                let mut digits = itoa::Buffer::new();
                self.add_line(&[b"content-length: ", digits.format(length).as_bytes()]);
            }
            None => self.add_line(&[b"transfer-encoding: chunked"]),
        }
        self.small.extend_from_slice(LINE_END);
    }

    /// A piece as it is. Nothing may be added before it is written, if it is a large one.
    fn add(&mut self, piece: Bytes) {
        if piece.len() < LARGE_PIECE {
            self.small.extend_from_slice(&piece);
        } else {
            self.large = piece;
        }
    }

    /// A piece as a chunk (RFC 9112, section 7.1).
    fn add_chunk(&mut self, piece: Bytes) {
        self.add_hexadecimal(piece.len());
        self.small.extend_from_slice(LINE_END);
        self.add(piece);
        if self.large.is_empty() {
            self.small.extend_from_slice(LINE_END);
        } else {
            self.tail = LINE_END;
        }
    }

    /// The end of a chunked body.
    fn add_end(&mut self) {
        self.small.extend_from_slice(LAST_CHUNK);
        self.ended = true;
    }

    fn add_line(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.small.extend_from_slice(piece);
        }
        self.small.extend_from_slice(LINE_END);
    }

    fn add_hexadecimal(&mut self, number: usize) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let length = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
        let digits = (0..length).rev().map(|place| DIGITS[number >> (4 * place) & 0xf]);
        self.small.extend(digits);
    }

    /// Whether something has to be written before more can be added.
    fn is_full(&self) -> bool {
        !self.large.is_empty() || self.small.len() > MOST_WAITING
    }

    /// Writes all there is. Ready when that is done.
    fn poll_write(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(stream);
        loop {
            let small = &self.small[self.from..];
            let written = if self.large.is_empty() && self.tail.is_empty() {
                if small.is_empty() {
                    self.from = 0;
                    self.small.clear();
                    self.small.shrink_to(FIRST_ROOM);
                    return stream.poll_flush(context);
                }
                stream.as_mut().poll_write(context, small)
            } else if stream.is_write_vectored() {
                let parts = [IoSlice::new(small), IoSlice::new(&self.large), IoSlice::new(self.tail)];
                stream.as_mut().poll_write_vectored(context, &parts)
            } else {
                let first = [small, &self.large, self.tail]
                    .into_iter()
                    .find(|part| !part.is_empty());
                stream.as_mut().poll_write(context, first.unwrap_or_default())
            };
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.drop_first(written),
            }
        }
    }

    /// Forgets what is written.
    fn drop_first(&mut self, written: usize) {
        let of_small = written.min(self.small.len() - self.from);
        let of_large = (written - of_small).min(self.large.len());
        self.from += of_small;
        self.large.advance(of_large);
        self.tail = &self.tail[written - of_small - of_large..];
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::{fields::Fields, headers::X_REQUEST_ID};

    /// What arrives of these pieces, as chunks or as they are, through a pipe that takes so many bytes at a time.
    async fn arrives(pieces: Vec<Bytes>, chunked: bool, room: usize) -> Vec<u8> {
        let (mut ours, mut theirs) = tokio::io::duplex(room);
        let sending = async move {
            let mut out = Outgoing::default();
            for piece in pieces {
                if chunked {
                    out.add_chunk(piece);
                } else {
                    out.add(piece);
                }
                if out.is_full() {
                    poll_fn(|context| out.poll_write(&mut ours, context)).await.unwrap();
                }
            }
            out.add_end();
            poll_fn(|context| out.poll_write(&mut ours, context)).await.unwrap();
        };
        let mut all = Vec::new();
        let (read, ()) = tokio::join!(theirs.read_to_end(&mut all), sending);
        read.unwrap();
        all
    }

    proptest! {
        #[test]
        fn pieces_of_any_length_arrive_in_order(lengths in prop::collection::vec(1..3 * LARGE_PIECE, 0..8), room in 1..9_000_usize, chunked: bool) {
            let pieces: Vec<_> = lengths.iter().zip(b'a'..).map(|(length, fill)| Bytes::from(vec![fill; *length])).collect();
            let mut expected = Vec::new();
            for piece in &pieces {
                if chunked {
                    expected.extend(format!("{:x}\r\n", piece.len()).bytes());
                }
                expected.extend(piece);
                if chunked {
                    expected.extend(LINE_END);
                }
            }
            expected.extend(LAST_CHUNK);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            prop_assert_eq!(runtime.block_on(arrives(pieces, chunked, room)), expected);
        }
    }

    #[test]
    fn a_head_says_how_its_body_ends_and_whether_more_may_be_asked() {
        let fields = Fields::from_iter([(X_REQUEST_ID, HeaderValue::from_static("req_1"))]);
        let head = Answer::new(StatusCode::CREATED, fields, AnswerBody::whole("")).head;
        let text = |keeps_alive, length| {
            let mut out = Outgoing::default();
            out.add_head(&head, UnixMillis(784_111_777_000), keeps_alive, length);
            String::from_utf8(out.small).unwrap()
        };
        let date = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        assert_eq!(
            text(true, Some(5)),
            format!("HTTP/1.1 201 Created\r\nx-request-id: req_1\r\n{date}content-length: 5\r\n\r\n")
        );
        assert_eq!(
            text(false, None),
            format!(
                "HTTP/1.1 201 Created\r\nx-request-id: req_1\r\nconnection: close\r\n{date}transfer-encoding: chunked\r\n\r\n"
            )
        );
    }
}
