//! What of a chunk goes to the caller: the very slice that arrived where nothing in it changes, a copy where something does.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// Collects what is to be sent, in order.
#[derive(Debug)]
pub(super) struct Output {
    chunk: Bytes,
    /// The part of the chunk that is sent as it is, after what has been copied.
    run: Range<usize>,
    copied: BytesMut,
}

impl Output {
    pub(super) fn new(chunk: Bytes) -> Self {
        Self {
            chunk,
            run: 0..0,
            copied: BytesMut::new(),
        }
    }

    /// Sends an event as it came: without a copy if it lies in the chunk, next to what was sent before.
    pub(super) fn pass(&mut self, event: &[u8]) {
        match self.place_in_chunk(event) {
            Some(place) if self.run.is_empty() => self.run = place,
            Some(place) if self.run.end == place.start => self.run.end = place.end,
            _ => self.write(event),
        }
    }

    /// Sends bytes that are not in the chunk.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.write_all([bytes]);
    }

    /// Sends several pieces, one after the other.
    pub(super) fn write_all<const PIECES: usize>(&mut self, pieces: [&[u8]; PIECES]) {
        let run = std::mem::take(&mut self.run);
        let length = pieces.iter().map(|piece| piece.len()).sum::<usize>() + run.len();
        if self.copied.capacity() == 0 {
            // What is sent of a chunk is hardly ever longer than it was.
            self.copied.reserve(self.chunk.len());
        }
        self.copied.reserve(length);
        self.copied.extend_from_slice(&self.chunk[run]);
        for piece in pieces {
            self.copied.extend_from_slice(piece);
        }
    }

    /// Everything, in one piece.
    pub(super) fn into_bytes(mut self) -> Bytes {
        if self.copied.is_empty() {
            return self.chunk.slice(self.run);
        }
        self.write(&[]);
        self.copied.freeze()
    }

    fn place_in_chunk(&self, event: &[u8]) -> Option<Range<usize>> {
        let start = event.as_ptr().addr().checked_sub(self.chunk.as_ptr().addr())?;
        (start < self.chunk.len()).then_some(start..start + event.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_not_copied_and_order_is_kept() {
        let chunk = Bytes::from_static(b"aabbcc");
        let mut output = Output::new(chunk.clone());
        output.pass(&chunk[..2]);
        output.pass(&chunk[2..4]);
        let sent = output.into_bytes();
        assert_eq!((sent.as_ptr(), &sent[..]), (chunk.as_ptr(), &b"aabb"[..]));

        let mut output = Output::new(chunk.clone());
        output.pass(b"earlier ");
        output.pass(&chunk[..2]);
        output.write(b"|");
        output.pass(&chunk[2..4]);
        output.pass(&chunk[4..]);
        assert_eq!(output.into_bytes(), "earlier aa|bbcc");

        let mut output = Output::new(chunk.clone());
        output.pass(&chunk[..2]);
        output.pass(&chunk[4..]);
        assert_eq!(output.into_bytes(), "aacc");
        assert_eq!(Output::new(chunk).into_bytes(), "");
    }
}
