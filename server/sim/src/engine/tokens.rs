//! A tokenizer good enough to count and to cut by: words, digits, punctuation and ideographs.
//!
//! The pieces of a text joined together are the text again, and every piece has at least one byte, which is what the
//! gateway's bound on token counts relies on.

/// The longest word that is one token, in characters.
const LONGEST_WORD: usize = 8;

/// The longest number that is one token, in digits.
const LONGEST_NUMBER: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Number,
    Space,
    /// One token each: punctuation, ideographs, emoji.
    Single,
}

/// The tokens of a text, in order.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (token, left) = rest.split_at(first_length(rest));
        rest = left;
        Some(token)
    })
}

/// The number of tokens in a text.
pub(super) fn count(text: &str) -> u64 {
    split(text).map(|_| 1).sum()
}

/// The bytes of the first token of a text that is not empty.
fn first_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    let mut class = characters.next().map_or(Class::Single, |(_, first)| classify(first));
    // A space belongs to the word after it.
    if class == Class::Space
        && text.starts_with(' ')
        && let Some(&(_, second)) = characters.peek()
        && classify(second) == Class::Word
    {
        class = Class::Word;
    }
    let longest = match class {
        Class::Word | Class::Space => LONGEST_WORD,
        Class::Number => LONGEST_NUMBER,
        Class::Single => 1,
    };
    let mut same = characters.skip_while(|&(_, character)| classify(character) == class);
    let run_end = same.next().map_or(text.len(), |(at, _)| at);
    let cut = text.char_indices().nth(longest).map_or(text.len(), |(at, _)| at);
    run_end.min(cut)
}

fn classify(character: char) -> Class {
    match character {
        '0'..='9' => Class::Number,
        _ if character.is_whitespace() => Class::Space,
        _ if character.is_alphabetic() && character < '\u{2e80}' => Class::Word,
        _ => Class::Single,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text_and_are_never_empty() {
        let text = "Hello, wonderful world! 12345 — 世界 🎉\n\n  indented\tend ";
        let pieces: Vec<_> = split(text).collect();
        assert_eq!(pieces.concat(), text);
        assert!(pieces.iter().all(|piece| !piece.is_empty()));
        assert_eq!(&pieces[..5], ["Hello", ",", " wonderf", "ul", " world"]);
        assert_eq!(count(text), pieces.len() as u64);
    }
}
