//! Text within other languages.

/// Text between the single quotes of a POSIX shell.
pub fn for_shell(text: &str) -> String {
    text.replace('\'', r"'\''")
}

/// JSON as Python writes it. Quotes within texts are escaped, so that these members are no part of one.
pub fn for_python(json: &str) -> String {
    json.replace("\"stream\": true", "\"stream\": True")
        .replace("\"include_usage\": true", "\"include_usage\": True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_run_by_the_shell() {
        assert_eq!(for_shell(r#"{"content": "it's"}"#), r#"{"content": "it'\''s"}"#);
    }

    #[test]
    fn only_members_are_written_otherwise_for_python() {
        let json = r#"{"stream": true, "content": "\"stream\": true"}"#;
        assert_eq!(for_python(json), r#"{"stream": True, "content": "\"stream\": true"}"#);
    }
}
