//! How far a string goes before something in it needs a closer look.

use memchr::memchr2;

/// Bytes that are looked at in words before more is set up. Most strings are names and short values, and end within them.
const SHORT: usize = 32;

/// Bytes of a word.
const WORD: usize = size_of::<u64>();

/// How many bytes there are before the first quote, backslash or control character (RFC 8259, section 7), or altogether.
pub(super) fn plain_length(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<WORD>();
    for (number, word) in words.iter().take(SHORT / WORD).enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return number * WORD + special.trailing_zeros() as usize / 8;
        }
    }
    if text.len() >= SHORT {
        return SHORT + plain_length_of_long(&text[SHORT..]);
    }
    let plain = rest.iter().take_while(|byte| !is_special(**byte)).count();
    text.len() - rest.len() + plain
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The highest bit of each byte that is special. Those above the lowest such bit may be wrong: a borrow reaches upwards.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const HIGHEST: u64 = ONES << 7;
    let is_below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHEST;
    let is = |byte: u8| is_below(word ^ (ONES * u64::from(byte)), 1);
    is_below(word, 0x20) | is(b'"') | is(b'\\')
}

fn plain_length_of_long(text: &[u8]) -> usize {
    let length = memchr2(b'"', b'\\', text).unwrap_or(text.len());
    first_control(&text[..length]).unwrap_or(length)
}

/// Where the first control character is. Whole pieces are looked at without leaving early, which the compiler turns into
/// a few instructions for each: a prompt is long, and hardly ever has one.
fn first_control(text: &[u8]) -> Option<usize> {
    const PIECE: usize = 64;
    let is_control = |byte: &u8| *byte < 0x20;
    let (pieces, rest) = text.as_chunks::<PIECE>();
    let clean = pieces
        .iter()
        .take_while(|piece| piece.iter().fold(u8::MAX, |least, byte| least.min(*byte)) >= 0x20)
        .count();
    let looked_at = if clean == pieces.len() { rest } else { &pieces[clean] };
    let found = looked_at.iter().position(is_control)?;
    Some(clean * PIECE + found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_special_is_found_wherever_it_stands(
            text in prop::collection::vec(0x20_u8.., 0..300),
            specials in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![0_u8..0x20, Just(b'"'), Just(b'\\')]), 0..3),
        ) {
            let mut text: Vec<u8> = text.into_iter().filter(|byte| !is_special(*byte)).collect();
            prop_assert_eq!(plain_length(&text), text.len());
            for (at, special) in specials {
                text.insert(at.index(text.len() + 1), special);
            }
            let first = text.iter().position(|byte| is_special(*byte));
            prop_assert_eq!(plain_length(&text), first.unwrap_or(text.len()));
        }
    }

    #[test]
    fn every_byte_is_judged_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..2 * SHORT {
                let mut text = [b'x'; 2 * SHORT];
                text[place] = byte;
                let expected = if byte < 0x20 || b"\"\\".contains(&byte) {
                    place
                } else {
                    text.len()
                };
                assert_eq!(plain_length(&text), expected, "{byte:#x} at {place}");
            }
        }
    }
}
