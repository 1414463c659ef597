//! The parameters of a question, each given once at most.

use worv_api::ApiError;

/// Characters that a value may have: more than any name that could be meant.
const LONGEST: usize = 200;

/// The values of a query string by the names of its parameters. An empty value is as good as none: forms send those.
#[derive(Debug)]
pub struct Parameters<'a> {
    names: &'static [&'static str],
    values: Vec<(&'static str, std::borrow::Cow<'a, str>)>,
}

impl<'a> Parameters<'a> {
    /// Reads a query string that may have these parameters and no others.
    pub fn read(query: &'a str, names: &'static [&'static str]) -> Result<Self, ApiError> {
        let mut values = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(name) = names.iter().find(|known| **known == name) else {
                let name: String = name.chars().take(LONGEST).collect();
                return Err(invalid(format!(
                    "There is no parameter {name:?}. There are: {}.",
                    names.join(", ")
                )));
            };
            if value.is_empty() {
                continue;
            }
            if value.chars().count() > LONGEST {
                return Err(invalid(format!(
                    "The parameter {name:?} has more than {LONGEST} characters."
                )));
            }
            if values.iter().any(|(given, _)| given == name) {
                return Err(invalid(format!("The parameter {name:?} is given twice.")));
            }
            values.push((*name, value));
        }
        Ok(Self { names, values })
    }

    /// The value of a parameter, if it is given.
    pub fn text(&self, name: &str) -> Option<&str> {
        debug_assert!(self.names.contains(&name), "{name} is read but not allowed");
        let found = self.values.iter().find(|(given, _)| *given == name);
        found.map(|(_, value)| value.as_ref())
    }

    /// The value of a parameter as `read` takes it; `expected` says what that is.
    pub fn get<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let value = read(text).ok_or_else(|| invalid(format!("{name} is {text:?}; it must be {expected}.")))?;
        Ok(Some(value))
    }

    /// The one of several that a parameter names.
    pub fn one_of<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        name_of: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, ApiError> {
        let names: Vec<_> = all.iter().map(|one| name_of(*one)).collect();
        let expected = format!("one of {}", names.join(", "));
        self.get(name, &expected, |text| {
            all.iter().copied().find(|one| name_of(*one) == text)
        })
    }
}

/// A question that cannot be answered.
pub fn invalid(message: String) -> ApiError {
    ApiError::new(422, "invalid_request", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let read = |query| Parameters::read(query, &["key", "model"]);
        let refusal = |query| read(query).unwrap_err().message;
        assert_eq!(
            refusal("kez=1"),
            "There is no parameter \"kez\". There are: key, model."
        );
        assert_eq!(refusal("key=1&key=2"), "The parameter \"key\" is given twice.");
        let long = format!("model={}", "x".repeat(201));
        assert_eq!(refusal(&long), "The parameter \"model\" has more than 200 characters.");
        let given = read("model=a%20%25&key=").unwrap();
        assert_eq!((given.text("model"), given.text("key")), (Some("a %"), None));
        let refused = given
            .get("model", "a number", |text| text.parse::<i64>().ok())
            .unwrap_err();
        assert_eq!(
            (refused.status, refused.message.as_str()),
            (422, "model is \"a %\"; it must be a number.")
        );
        assert!(
            given
                .get("key", "a number", |text| text.parse::<i64>().ok())
                .unwrap()
                .is_none()
        );
    }
}
