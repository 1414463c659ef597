//! Lines to paste, with the key filled in.

/// One request with curl.
pub(crate) fn curl(url: &str, secret: &str, model: &str) -> String {
    let model = serde_json::Value::from(model);
    let body =
        format!(r#"{{"model": {model}, "messages": [{{"role": "user", "content": "Reply with one word: pong"}}]}}"#);
    [
        format!("curl {} \\", quoted(&format!("{url}/v1/chat/completions"))),
        "  -H 'Content-Type: application/json' \\".to_owned(),
        format!("  -H {} \\", quoted(&format!("Authorization: Bearer {secret}"))),
        format!("  -d {}", quoted(&body)),
    ]
    .join("\n")
}

/// What Claude Code reads from its environment.
pub(crate) fn claude_code(url: &str, secret: &str, model: &str) -> String {
    [
        ("ANTHROPIC_BASE_URL", url),
        ("ANTHROPIC_AUTH_TOKEN", secret),
        ("ANTHROPIC_DEFAULT_OPUS_MODEL", model),
        ("ANTHROPIC_DEFAULT_SONNET_MODEL", model),
        ("ANTHROPIC_DEFAULT_HAIKU_MODEL", model),
    ]
    .map(|(name, value)| format!("export {name}={}\n", quoted(value)))
    .concat()
        + "claude"
}

/// A word of a POSIX shell that stands for exactly this text.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_is_one_request() {
        insta::assert_snapshot!(curl("https://proxy.example.com", "worv-secret", "DeepSeek-V4-Pro"));
    }

    #[test]
    fn claude_code_needs_its_environment_only() {
        insta::assert_snapshot!(claude_code(
            "https://proxy.example.com",
            "worv-secret",
            "DeepSeek-V4-Pro"
        ));
    }

    #[test]
    fn nothing_in_a_name_is_run_by_the_shell() {
        assert_eq!(quoted("it's $(whoami)"), r"'it'\''s $(whoami)'");
    }
}
