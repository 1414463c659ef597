//! Rules for text that people and programs hand in.

use crate::StoreError;

/// Refuses text that is too short, too long, or has control characters (a line break in a name could forge a line of
/// a log or a table, and PostgreSQL stores no NUL).
pub(crate) fn check(
    field: &'static str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    rule: &'static str,
) -> Result<(), StoreError> {
    if length.contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(StoreError::Invalid { field, rule })
    }
}

/// Text of a foreign program, made fit to store: no control characters, at most `longest` characters.
/// For text that comes with something that must be recorded whatever it is called.
pub(crate) fn tamed(text: &str, longest: usize) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(longest)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_and_control_characters_are_refused() {
        let fits = |text: &str| check("name", text, 1..=3, "must have 1 to 3 characters").is_ok();
        assert!(fits("äöü") && fits("a'b"));
        assert!(!fits("") && !fits("abcd") && !fits("a\nb") && !fits("a\0b"));
    }

    #[test]
    fn foreign_text_is_cut_and_cleaned_but_never_refused() {
        assert_eq!(tamed("mo\0del\n-x", 5), "model");
        assert_eq!(tamed("", 5), "");
    }
}
