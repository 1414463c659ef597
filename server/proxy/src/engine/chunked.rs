//! The chunked transfer coding (RFC 9112, section 7.1), taken off without a copy where one chunk is read at a time.

use std::{io, ops::Range};

use bytes::{Bytes, BytesMut};
use memchr::memchr;

use super::head::malformed;

/// Longest line between chunks, in bytes: a size with its extensions, or a trailer field.
const MAX_LINE_BYTES: usize = 8 << 10;

/// Where in the coding we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    /// Before a chunk's size.
    Size,
    /// In a chunk, with so many bytes to come.
    Data(u64),
    /// Before the line break that ends a chunk.
    DataEnd,
    /// Behind the last chunk.
    Trailer,
    /// At the end.
    Done,
}

impl Chunked {
    /// Takes what of the body is in `buffer`, in one piece: all of it that is there, whatever chunks it came in.
    pub(super) fn take(&mut self, buffer: &mut BytesMut) -> io::Result<Bytes> {
        let (mut read, mut data) = (0, 0..0);
        loop {
            let used = match *self {
                Self::Data(left) => self.take_data(left, read, &mut data, buffer),
                Self::DataEnd => self.take_data_end(&buffer[read..])?,
                Self::Size | Self::Trailer => self.take_line(&buffer[read..])?,
                Self::Done => None,
            };
            match used {
                Some(used) => read += used,
                None => break,
            }
        }
        Ok(buffer.split_to(read).freeze().slice(data))
    }

    /// Moves what there is of a chunk next to what was taken before.
    fn take_data(&mut self, left: u64, read: usize, data: &mut Range<usize>, buffer: &mut BytesMut) -> Option<usize> {
        let there = buffer.len() - read;
        let taken = usize::try_from(left).map_or(there, |left| left.min(there));
        if taken == 0 {
            return None;
        }
        if data.start == data.end {
            *data = read..read + taken;
        } else {
            buffer.copy_within(read..read + taken, data.end);
            data.end += taken;
        }
        *self = match left - taken as u64 {
            0 => Self::DataEnd,
            left => Self::Data(left),
        };
        Some(taken)
    }

    fn take_data_end(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match bytes {
            [b'\r', b'\n', ..] => {
                *self = Self::Size;
                Ok(Some(2))
            }
            [] | [b'\r'] => Ok(None),
            _ => Err(malformed("a chunk does not end where it should")),
        }
    }

    /// Takes a size, or a line of the trailer, whose last is empty.
    fn take_line(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        let Some(end) = memchr(b'\n', &bytes[..bytes.len().min(MAX_LINE_BYTES)]) else {
            return match bytes.len() {
                ..MAX_LINE_BYTES => Ok(None),
                _ => Err(malformed("a line between chunks is too long")),
            };
        };
        let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
        *self = match *self {
            Self::Trailer if line.is_empty() => Self::Done,
            Self::Trailer => Self::Trailer,
            _ => match size(line)? {
                0 => Self::Trailer,
                size => Self::Data(size),
            },
        };
        Ok(Some(end + 1))
    }
}

/// A chunk's size; extensions are skipped.
fn size(line: &[u8]) -> io::Result<u64> {
    const MOST_DIGITS: usize = 2 * size_of::<u64>();
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let size = digits.iter().try_fold(0, |size, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(size << 4 | u64::from(digit))
    });
    size.filter(|_| (1..=MOST_DIGITS).contains(&digits.len()))
        .ok_or_else(|| malformed("the size of a chunk cannot be read"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(pieces: &[&[u8]]) -> io::Result<(Vec<u8>, Chunked, BytesMut)> {
        let (mut coding, mut buffer, mut decoded) = (Chunked::Size, BytesMut::new(), Vec::new());
        for piece in pieces {
            buffer.extend_from_slice(piece);
            decoded.extend_from_slice(&coding.take(&mut buffer)?);
        }
        Ok((decoded, coding, buffer))
    }

    proptest! {
        #[test]
        fn reads_make_no_difference(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
            let mut coded = Vec::new();
            for chunk in &chunks {
                coded.extend(format!("{:x};a=b\r\n", chunk.len()).bytes());
                coded.extend(chunk);
                coded.extend(b"\r\n");
            }
            coded.extend(b"0\r\nTrailer: x\r\n\r\nnext");
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(coded.len() + 1)).chain([0, coded.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &coded[cut[0]..cut[1]]).collect();
            let (decoded, coding, rest) = decode(&pieces).unwrap();
            prop_assert_eq!(decoded, chunks.concat());
            prop_assert_eq!((coding, &rest[..]), (Chunked::Done, &b"next"[..]));
        }
    }

    #[test]
    fn a_chunk_alone_is_not_copied_and_several_come_in_one_piece() {
        let mut buffer = BytesMut::from(&b"5\r\nhello\r\n"[..]);
        let place = buffer[3..].as_ptr();
        let mut coding = Chunked::Size;
        let data = coding.take(&mut buffer).unwrap();
        assert_eq!((data.as_ptr(), &data[..]), (place, &b"hello"[..]));
        buffer.extend_from_slice(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
        assert_eq!(coding.take(&mut buffer).unwrap(), "abc");
        assert_eq!(coding, Chunked::Done);
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = [b'1'; MAX_LINE_BYTES];
        for bad in [
            &b"\r\n"[..],
            b"g\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b"11111111111111111\r\n",
            b"1\r\nabc",
            &long,
        ] {
            assert!(decode(&[bad]).is_err(), "{}", bad.escape_ascii());
        }
    }
}
