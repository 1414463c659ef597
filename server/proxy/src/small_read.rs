//! Reading what comes in small pieces.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};

/// Reads at most `ROOM` bytes by way of the stack, so that they take no more memory than they are; 0 at the end.
pub(crate) fn poll_small_read<const ROOM: usize>(
    stream: &mut (impl AsyncRead + Unpin),
    context: &mut Context<'_>,
    to: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let mut room = [MaybeUninit::uninit(); ROOM];
    let mut read = ReadBuf::uninit(&mut room);
    ready!(Pin::new(stream).poll_read(context, &mut read))?;
    to.extend_from_slice(read.filled());
    Poll::Ready(Ok(read.filled().len()))
}
