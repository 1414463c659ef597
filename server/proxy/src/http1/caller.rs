//! The caller's end of a connection, and what has been read from it but not used yet.

use std::{
    future::poll_fn,
    io,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

use crate::{body::MAX_RESERVED_BYTES, small_read::poll_small_read};

/// What is read at once, in bytes, where it is not known how much will come.
const FIRST_READ: usize = 4 << 10;

/// Room for one read of a body of which more is to come than is set aside for it, in bytes.
const LARGE_READ: usize = 64 << 10;

/// Most that is read ahead while a request is answered, in bytes. Beyond it a caller who leaves is noticed when it is
/// written to.
const MOST_AHEAD: usize = 16 << 10;

/// A connection. While it waits it holds no memory for what may come.
pub(super) struct Caller<S> {
    pub(super) stream: S,
    pub(super) read: BytesMut,
}

impl<S: AsyncRead + Unpin> Caller<S> {
    pub(super) fn new(stream: S, read: BytesMut) -> Self {
        Self { stream, read }
    }

    pub(super) fn into_parts(self) -> (S, BytesMut) {
        (self.stream, self.read)
    }

    /// Undoes the taking of a head.
    pub(super) fn put_back(&mut self, head: &[u8]) {
        let mut whole = BytesMut::with_capacity(head.len() + self.read.len());
        whole.extend_from_slice(head);
        whole.extend_from_slice(&self.read);
        self.read = whole;
    }

    /// Waits until something comes, and tells how much; nothing at the end.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        poll_fn(|context| self.poll_fill(context)).await
    }

    /// The body of a request, so long; none where its sender paused for longer than `idle`.
    pub(super) async fn body(&mut self, length: usize, idle: Duration) -> io::Result<Option<Bytes>> {
        if self.read.len() < length {
            let missing = length - self.read.len();
            self.read.reserve(missing.min(MAX_RESERVED_BYTES));
        }
        while self.read.len() < length {
            if self.read.len() == self.read.capacity() {
                self.read.reserve(LARGE_READ);
            }
            let Ok(read) = timeout(idle, self.stream.read_buf(&mut self.read)).await else {
                return Ok(None);
            };
            if read? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let body = self.read.split_to(length).freeze();
        if self.read.is_empty() {
            self.read = BytesMut::new();
        }
        Ok(Some(body))
    }

    /// Resolves when the caller has left, or the connection is broken.
    pub(super) async fn left(&mut self) -> io::Error {
        poll_fn(|context| self.poll_left(context)).await
    }

    /// As [`Caller::left`].
    pub(super) fn poll_left(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        while self.read.len() < MOST_AHEAD {
            match ready!(self.poll_fill(context)) {
                Ok(0) => return Poll::Ready(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) => return Poll::Ready(error),
            }
        }
        Poll::Pending
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        poll_small_read::<FIRST_READ>(&mut self.stream, context, &mut self.read)
    }
}
