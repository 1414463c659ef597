//! The model's name in answers: the engine's own, or the one that the caller wrote.

use std::borrow::Cow;

use memchr::memmem::Finder;

use crate::json::quoted;

/// Puts the caller's name for the model where the engine wrote its own.
#[derive(Debug)]
pub(crate) struct Echo {
    /// The member as the engine writes it. Inside a string its quotes would be escaped.
    engines: Finder<'static>,
    callers: String,
}

impl Echo {
    /// None where both names are the same.
    pub(crate) fn new(served: &str, requested: &str) -> Option<Self> {
        let member = |name| format!("\"model\":{}", quoted(name));
        (served != requested).then(|| Self {
            engines: Finder::new(&member(served)).into_owned(),
            callers: member(requested),
        })
    }

    /// A whole answer or one event of a stream, with the caller's name.
    pub(crate) fn apply<'a>(&self, json: &'a [u8]) -> Cow<'a, [u8]> {
        match self.engines.find(json) {
            Some(at) => {
                let rest = &json[at + self.engines.needle().len()..];
                Cow::Owned([&json[..at], self.callers.as_bytes(), rest].concat())
            }
            None => Cow::Borrowed(json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_name_takes_the_place_of_the_engines_and_of_nothing_else() {
        let echo = Echo::new("Big", "a\"b").unwrap();
        let cases = [
            (
                r#"{"id":"x","model":"Big","n":1}"#,
                r#"{"id":"x","model":"a\"b","n":1}"#,
            ),
            (r#"{"model":"Bigger"}"#, r#"{"model":"Bigger"}"#),
            (
                r#"{"content":"\"model\":\"Big\""}"#,
                r#"{"content":"\"model\":\"Big\""}"#,
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(echo.apply(json.as_bytes()), expected.as_bytes());
        }
        assert!(Echo::new("Big", "Big").is_none());
    }
}
