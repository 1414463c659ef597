//! Splits a stream of server-sent events where they end, without looking into them.

use bytes::BytesMut;
use memchr::memchr_iter;

/// Longest single event that is waited for, in bytes.
const MAX_EVENT_BYTES: usize = 16 << 20;

/// Takes a stream apart, chunk by chunk. An event that is whole in its chunk is handed on from there, without a copy.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    /// The beginning of an event whose end has not arrived.
    partial: BytesMut,
}

/// An event grew beyond any that an engine sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
pub(crate) struct EventTooLong;

impl Splitter {
    /// Hands on each event that is complete with this chunk, blank line included, and keeps what is left over.
    pub(crate) fn split(&mut self, chunk: &[u8], mut event: impl FnMut(&[u8])) -> Result<(), EventTooLong> {
        let mut start = 0;
        if !self.partial.is_empty() {
            // The end may straddle the chunks: its first bytes are then the last of what is kept.
            let before = self.partial.len();
            let scanned = before.saturating_sub(3);
            let borrowed = chunk.len().min(3);
            self.partial.extend_from_slice(&chunk[..borrowed]);
            let end = match event_end(&self.partial[scanned..]).map(|end| end + scanned) {
                Some(end) => Some(end),
                None => event_end(chunk).map(|end| before + end),
            };
            self.partial.truncate(before);
            let Some(end) = end else {
                return self.keep(chunk);
            };
            start = end - before;
            self.partial.extend_from_slice(&chunk[..start]);
            event(&self.partial);
            self.partial.clear();
        }
        while let Some(length) = event_end(&chunk[start..]) {
            event(&chunk[start..start + length]);
            start += length;
        }
        self.keep(&chunk[start..])
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), EventTooLong> {
        if self.partial.len() + rest.len() > MAX_EVENT_BYTES {
            return Err(EventTooLong);
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }
}

/// An event's name and data, as vLLM writes them: `event: NAME`, `data: JSON`. Other events have no name here.
pub(crate) fn name_and_data(event: &[u8]) -> (&[u8], &[u8]) {
    let parts = event.strip_prefix(b"event:").and_then(|rest| {
        let end = memchr::memchr(b'\n', rest)?;
        Some((rest[..end].trim_ascii(), rest[end..].trim_ascii()))
    });
    let (name, data) = parts.unwrap_or((b"", b""));
    (name, data.strip_prefix(b"data:").unwrap_or(b"").trim_ascii())
}

/// Where the first event ends: after the first blank line. Lines end in LF or CRLF.
fn event_end(bytes: &[u8]) -> Option<usize> {
    memchr_iter(b'\n', bytes).find_map(|at| match bytes.get(at + 1..)? {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split_all<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, BytesMut) {
        let (mut splitter, mut events) = (Splitter::default(), Vec::new());
        for chunk in chunks {
            splitter.split(chunk, |event| events.push(event.to_vec())).unwrap();
        }
        (events, splitter.partial)
    }

    proptest! {
        #[test]
        fn chunking_makes_no_difference(text in r"(a|b|\n|\r\n|\n\n){0,40}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let chunks = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
            prop_assert_eq!(split_all(chunks), split_all([bytes]));
        }
    }

    #[test]
    fn events_end_at_blank_lines_of_either_kind() {
        let (events, rest) = split_all([&b"data: a\n\nevent: b\r\ndata: c\r\n\r\n: d\n\ndata: e\n"[..]]);
        assert_eq!(events.concat(), b"data: a\n\nevent: b\r\ndata: c\r\n\r\n: d\n\n");
        assert_eq!(events.len(), 3);
        assert_eq!(rest, "data: e\n");
    }

    #[test]
    fn an_endless_event_is_given_up() {
        let chunk = vec![b'x'; MAX_EVENT_BYTES / 2 + 1];
        let mut splitter = Splitter::default();
        assert_eq!(splitter.split(&chunk, |_| ()), Ok(()));
        assert_eq!(splitter.split(&chunk, |_| ()), Err(EventTooLong));
    }
}
