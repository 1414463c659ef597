//! The body of an answer, read as it is asked for.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};

use super::{chunked::Chunked, connection::Connection, pool::Pool};

/// A body under way. Read to its end, its connection goes back to the pool; dropped before, the connection is closed,
/// which makes the engine stop.
#[derive(Debug)]
pub(crate) struct EngineBody {
    /// None when the body has ended.
    connection: Option<Connection>,
    framing: Framing,
    /// Where the connection goes; none if it cannot be used again.
    pool: Option<Arc<Pool>>,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length; so many bytes are to come.
    Length(u64),
    /// By the chunked coding.
    Chunked(Chunked),
    /// By the end of the connection.
    UntilClose,
}

impl Framing {
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunked::Size)
    }

    fn is_done(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Done))
    }

    /// Takes what of the body is in `buffer`.
    fn take(&mut self, buffer: &mut BytesMut) -> io::Result<Bytes> {
        match self {
            Self::Length(left) => {
                let there = buffer.len();
                let taken = usize::try_from(*left).map_or(there, |left| left.min(there));
                *left -= taken as u64;
                Ok(buffer.split_to(taken).freeze())
            }
            Self::Chunked(coding) => coding.take(buffer),
            Self::UntilClose => Ok(buffer.split().freeze()),
        }
    }
}

impl EngineBody {
    pub(super) fn new(connection: Connection, framing: Framing, pool: Option<Arc<Pool>>) -> Self {
        Self {
            connection: Some(connection),
            framing,
            pool,
        }
    }

    fn end(&mut self) {
        if let (Some(connection), Some(pool)) = (self.connection.take(), self.pool.take()) {
            pool.put(connection);
        }
    }
}

impl Body for EngineBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        loop {
            let Some(connection) = &mut this.connection else {
                return Poll::Ready(None);
            };
            let read = match this.framing.take(&mut connection.buffer) {
                Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(_) if this.framing.is_done() => {
                    this.end();
                    return Poll::Ready(None);
                }
                Ok(_) => ready!(connection.poll_read(context)),
                Err(error) => Err(error),
            };
            let error = match read {
                Ok(0) if this.framing == Framing::UntilClose => None,
                Ok(0) => Some(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => continue,
                Err(error) => Some(error),
            };
            this.connection = None;
            return Poll::Ready(error.map(Err));
        }
    }
}
