//! Randomness, handed in from outside so that tests are exact.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Where random bytes come from. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub enum Entropy {
    /// The operating system's generator.
    #[default]
    System,
    /// A counted sequence for tests: repeatable, and not random at all.
    Counted(Arc<AtomicU64>),
}

impl Entropy {
    /// A repeatable sequence that starts at `seed`.
    pub fn counted(seed: u64) -> Self {
        Self::Counted(Arc::new(AtomicU64::new(seed)))
    }

    /// Fills `buffer` with random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: no secret could be made safely after that.
    pub fn fill(&self, buffer: &mut [u8]) {
        match self {
            Self::System => system_fill(buffer),
            Self::Counted(next) => {
                for chunk in buffer.chunks_mut(8) {
                    let word = split_mix(next.fetch_add(1, Ordering::Relaxed)).to_le_bytes();
                    chunk.copy_from_slice(&word[..chunk.len()]);
                }
            }
        }
    }

    /// As [`Entropy::fill`], for what is drawn for each request and is no secret: the system is asked for the bytes of many
    /// at a time.
    ///
    /// # Panics
    /// As [`Entropy::fill`].
    pub fn fill_public(&self, buffer: &mut [u8]) {
        match self {
            Self::System => STOCK.with_borrow_mut(|stock| stock.draw(buffer)),
            Self::Counted(_) => self.fill(buffer),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }

    /// `length` characters drawn evenly from `0-9A-Za-z`, 5.95 bits each.
    pub fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = String::with_capacity(length);
        while text.len() < length {
            // Six bits at a time; 62 and 63 are drawn again, so that every character is equally likely.
            let drawn = self.bytes::<32>();
            let letters = drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 63)));
            text.extend(letters.take(length - text.len()).map(|&letter| char::from(letter)));
        }
        text
    }
}

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; STOCKED], left: 0 }) };
}

/// Bytes that are drawn from the system at a time.
const STOCKED: usize = 512;

/// Random bytes that nobody has had yet: the first `left`.
struct Stock {
    bytes: [u8; STOCKED],
    left: usize,
}

impl Stock {
    fn draw(&mut self, buffer: &mut [u8]) {
        for piece in buffer.chunks_mut(STOCKED) {
            if self.left < piece.len() {
                system_fill(&mut self.bytes);
                self.left = STOCKED;
            }
            self.left -= piece.len();
            piece.copy_from_slice(&self.bytes[self.left..self.left + piece.len()]);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the operating system for randomness"
)]
fn system_fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the operating system has no randomness to give");
}

/// One step of the `SplitMix64` sequence, enough to make counted bytes look unlike each other.
fn split_mix(counter: u64) -> u64 {
    let mut word = counter.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphanumeric_text_has_the_length_and_letters_asked_for() {
        let text = Entropy::counted(7).alphanumeric(43);
        assert_eq!(text.len(), 43);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(text, Entropy::counted(8).alphanumeric(43));
    }

    #[test]
    fn public_bytes_are_never_the_same_twice() {
        let mut seen = std::collections::HashSet::new();
        for length in [16; 200].into_iter().chain([STOCKED, STOCKED + 16]) {
            let mut drawn = vec![0; length];
            Entropy::System.fill_public(&mut drawn);
            for word in drawn.windows(8) {
                assert!(seen.insert(word.to_vec()), "drawn twice");
            }
        }
    }

    #[test]
    fn the_system_gives_different_bytes_each_time() {
        assert_ne!(Entropy::System.bytes::<16>(), Entropy::System.bytes::<16>());
    }
}
