//! One connection to the engine.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use tokio::{net::TcpStream, time::timeout};
use tokio_util::io::poll_read_buf;

use super::head::{self, Head};
use crate::small_read::poll_small_read;

/// A peer that vanished without a word is noticed after about four of these.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Room for one read, in bytes: at first, and at most where reads fill it.
const FIRST_READ: usize = 8 << 10;
const LARGEST_READ: usize = 128 << 10;

/// An open connection, and what has been read from it but not used yet.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    pub(super) buffer: BytesMut,
    read_size: usize,
    /// Whether nothing has been read since the request was sent.
    silent: bool,
}

impl Connection {
    pub(super) async fn open(host: &str, port: u16, patience: Duration) -> io::Result<Self> {
        let stream = timeout(patience, TcpStream::connect((host, port)))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))?;
        Ok(Self {
            stream,
            buffer: BytesMut::new(),
            read_size: FIRST_READ,
            silent: true,
        })
    }

    /// Whether nothing has been read since the request was sent.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether the peer has neither closed it nor sent anything while it was not used.
    pub(super) fn is_usable(&self) -> bool {
        let mut byte = [0];
        self.buffer.is_empty()
            && matches!(self.stream.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends a request. An engine that answers before it has all of it is not sent the rest: then false is returned.
    pub(super) async fn send(&mut self, head: &[u8], body: &[u8]) -> io::Result<bool> {
        self.silent = true;
        let (mut head, mut body) = (head, body);
        while !(head.is_empty() && body.is_empty()) {
            let written = if body.is_empty() {
                self.stream.try_write(head)
            } else {
                self.stream
                    .try_write_vectored(&[IoSlice::new(head), IoSlice::new(body)])
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    let of_head = written.min(head.len());
                    head = &head[of_head..];
                    body = &body[written - of_head..];
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if Box::pin(self.writable_or_answered()).await? {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Reads the head of an answer; interim ones (1xx) are skipped.
    pub(super) async fn read_head(&mut self) -> io::Result<Head> {
        loop {
            while let Some(head) = head::parse(&mut self.buffer)? {
                if !head.status.is_informational() {
                    return Ok(head);
                }
            }
            if poll_fn(|context| self.poll_read(context)).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads what there is into the buffer; 0 at the end. A connection that waits holds no buffer.
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let (read, room) = if self.read_size == FIRST_READ {
            let read = poll_small_read::<FIRST_READ>(&mut self.stream, context, &mut self.buffer);
            if read.is_pending() && self.buffer.is_empty() {
                self.buffer = BytesMut::new();
            }
            (ready!(read)?, FIRST_READ)
        } else {
            ready!(self.poll_read_much(context))?
        };
        self.silent &= read == 0;
        // A long stream soon reads much at a time, and what comes after it on this connection soon little again.
        if read == room {
            self.read_size = (self.read_size * 2).min(LARGEST_READ);
        } else if read < room / 4 {
            self.read_size = (self.read_size / 2).max(FIRST_READ);
        }
        Poll::Ready(Ok(read))
    }

    /// Reads into the buffer itself. Tells how much was read, and for how much there was room.
    fn poll_read_much(&mut self, context: &mut Context<'_>) -> Poll<io::Result<(usize, usize)>> {
        loop {
            if self.buffer.is_empty() && self.stream.poll_read_ready(context)?.is_pending() {
                self.buffer = BytesMut::new();
                return Poll::Pending;
            }
            self.buffer.reserve(self.read_size);
            let room = self.buffer.capacity() - self.buffer.len();
            match poll_read_buf(Pin::new(&mut self.stream), context, &mut self.buffer) {
                Poll::Pending if self.buffer.is_empty() => {}
                read => return Poll::Ready(Ok((ready!(read)?, room))),
            }
        }
    }

    /// Waits until more can be sent, or the engine says something: then true is returned.
    async fn writable_or_answered(&mut self) -> io::Result<bool> {
        tokio::select! {
            biased;
            writable = self.stream.writable() => writable.map(|()| false),
            readable = self.stream.readable() => {
                readable?;
                match self.stream.try_read_buf(&mut self.buffer) {
                    Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(_) => {
                        self.silent = false;
                        Ok(true)
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
                    Err(error) => Err(error),
                }
            }
        }
    }
}
