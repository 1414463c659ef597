//! What can be filled in of a key, as a form is posted with it.

use worv_api::KeySettings;

/// What a form holds of a key, but for its expiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFields {
    /// The name.
    pub name: String,
    /// The owner.
    pub owner: String,
    /// The note.
    pub note: String,
    /// What it may do.
    pub settings: KeySettings,
}

/// Reads what a form was posted with; `value` gives each value of a field.
///
/// # Errors
/// The words for a number that is none.
pub fn key_fields(values: impl Fn(&str) -> Vec<String>) -> Result<KeyFields, String> {
    let text = |name: &str| values(name).pop().unwrap_or_default().trim().to_owned();
    let number = |name: &str, label: &str| match text(name) {
        digits if digits.is_empty() => Ok(None),
        digits => digits
            .replace([',', ' '], "")
            .parse::<u64>()
            .map(Some)
            .map_err(|_| format!("{label}: {digits:?} is no whole number.")),
    };
    let weight = number("weight", "Weight")?.unwrap_or(100);
    let models: Vec<String> = values("models");
    Ok(KeyFields {
        name: text("name"),
        owner: text("owner"),
        note: text("note"),
        settings: KeySettings {
            tags: text("tags")
                .split(',')
                .map(|tag| tag.trim().to_owned())
                .filter(|tag| !tag.is_empty())
                .collect(),
            models: (!models.is_empty()).then_some(models),
            requests_per_minute: number("requests_per_minute", "Requests per minute")?,
            tokens_per_minute: number("tokens_per_minute", "Tokens per minute")?,
            concurrency: number("concurrency", "Requests at the same time")?,
            budget_day: number("budget_day", "Tokens per day")?,
            budget_month: number("budget_month", "Tokens per month")?,
            max_output_tokens: number("max_output_tokens", "Tokens per answer")?,
            // What does not fit is out of range as well.
            weight: u16::try_from(weight).unwrap_or(u16::MAX),
            strip_han: !text("strip_han").is_empty(),
            echo_model: !text("echo_model").is_empty(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_was_filled_in() {
        let posted = [
            ("name", " nightly "),
            ("tags", "a, ,b"),
            ("models", "one"),
            ("models", "two"),
            ("budget_day", "1,000"),
            ("strip_han", "on"),
        ];
        let values = |name: &str| {
            let of_name = posted.iter().filter(|(field, _)| *field == name);
            of_name.map(|(_, value)| (*value).to_owned()).collect()
        };
        let fields = key_fields(values).unwrap();
        assert_eq!(fields.name, "nightly");
        let expected = KeySettings {
            tags: vec!["a".to_owned(), "b".to_owned()],
            models: Some(vec!["one".to_owned(), "two".to_owned()]),
            budget_day: Some(1_000),
            strip_han: true,
            ..KeySettings::default()
        };
        assert_eq!(fields.settings, expected);
        let wrong = key_fields(|name| (name == "concurrency").then(|| "many".to_owned()).into_iter().collect());
        assert_eq!(
            wrong,
            Err("Requests at the same time: \"many\" is no whole number.".to_owned())
        );
    }
}
