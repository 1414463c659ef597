//! Request ids.

use std::fmt;

use crate::{Clock, Entropy, UnixMillis};

/// Names one request in the log, at the engine, in the usage table and in the `x-request-id` header.
///
/// 48 bits of time and 80 random bits, written as 26 characters of Crockford's base 32, so that ids sort by time
/// (the layout of <https://github.com/ulid/spec>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u128);

/// The digits of an id: Crockford's base 32.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl RequestId {
    /// A new id.
    pub fn new(clock: &Clock, entropy: &Entropy) -> Self {
        Self::new_at(clock.now(), entropy)
    }

    /// A new id of a request that came in at `time`.
    pub fn new_at(time: UnixMillis, entropy: &Entropy) -> Self {
        let mut bytes = Self::first_at(time).to_bytes();
        entropy.fill_public(&mut bytes[6..]);
        Self::from_bytes(bytes)
    }

    /// The lowest id of a request that came in at `time`: those of earlier requests are below it.
    pub fn first_at(time: UnixMillis) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&time.0.max(0).to_be_bytes()[2..]);
        Self::from_bytes(bytes)
    }

    /// The id that [`RequestId`] prints as this text.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.strip_prefix("req_").filter(|letters| letters.len() == 26)?;
        letters
            .bytes()
            .try_fold(0_u128, |number, letter| {
                let digit = ALPHABET.iter().position(|known| *known == letter)?;
                number.checked_mul(32)?.checked_add(digit as u128)
            })
            .map(Self)
    }

    /// What [`RequestId`] prints.
    pub fn text(self) -> [u8; 30] {
        let mut text = *b"req_00000000000000000000000000";
        for (place, letter) in text[4..].iter_mut().rev().enumerate() {
            *letter = ALPHABET[(self.0 >> (place * 5)) as usize & 31];
        }
        text
    }

    /// The id as it is stored: 16 bytes that sort like the id itself.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The id that was stored as these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ids_sort_by_time_and_have_one_length() {
        let clock = Clock::manual(UnixMillis(1_790_000_000_000));
        let entropy = Entropy::counted(1);
        let first = RequestId::new(&clock, &entropy).to_string();
        clock.advance(Duration::from_millis(1));
        let second = RequestId::new(&clock, &entropy).to_string();
        assert_eq!((first.len(), second.len()), (30, 30));
        assert!(first < second, "{first} {second}");
        let bound = RequestId::first_at(clock.now()).to_string();
        assert!(first < bound && bound < second, "{first} {bound} {second}");
    }
    #[test]
    fn an_id_is_read_as_it_is_printed() {
        for id in [
            RequestId(0),
            RequestId(u128::MAX),
            RequestId::new(&Clock::System, &Entropy::System),
        ] {
            assert_eq!(RequestId::parse(&id.to_string()), Some(id));
        }
        for wrong in [
            "",
            "req_",
            "req_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "req_0000000000000000000000000U",
            "' OR 1=1 --",
        ] {
            assert_eq!(RequestId::parse(wrong), None, "{wrong:?}");
        }
    }
}
