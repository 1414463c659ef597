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

/// One request with OpenAI's Python library.
pub(crate) fn python(url: &str, secret: &str, model: &str) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    [
        "from openai import OpenAI".to_owned(),
        String::new(),
        format!(
            "client = OpenAI(base_url={}, api_key={})",
            text(&format!("{url}/v1")),
            text(secret)
        ),
        "answer = client.chat.completions.create(".to_owned(),
        format!("    model={},", text(model)),
        "    messages=[{\"role\": \"user\", \"content\": \"Reply with one word: pong\"}],".to_owned(),
        ")".to_owned(),
        "print(answer.choices[0].message.content)".to_owned(),
    ]
    .join("\n")
}

/// What Codex reads from its configuration and its environment.
pub(crate) fn codex(url: &str, secret: &str, model: &str) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    [
        "# ~/.codex/config.toml".to_owned(),
        format!("model = {}", text(model)),
        "model_provider = \"worv\"".to_owned(),
        String::new(),
        "[model_providers.worv]".to_owned(),
        "name = \"worv\"".to_owned(),
        format!("base_url = {}", text(&format!("{url}/v1"))),
        "env_key = \"WORV_API_KEY\"".to_owned(),
        "wire_api = \"responses\"".to_owned(),
        String::new(),
        "# in the shell".to_owned(),
        format!("export WORV_API_KEY={}", quoted(secret)),
    ]
    .join("\n")
}

/// What Open WebUI reads from its environment.
pub(crate) fn open_webui(url: &str, secret: &str) -> String {
    [
        ("OPENAI_API_BASE_URL", format!("{url}/v1")),
        ("OPENAI_API_KEY", secret.to_owned()),
    ]
    .map(|(name, value)| format!("export {name}={}", quoted(&value)))
    .join("\n")
}

/// A streamed request with curl, whose body stands where it says BODY. The key comes from the environment, so that no secret
/// is copied.
pub(crate) fn chat_curl(url: &str) -> String {
    [
        format!("curl -N {} \\", quoted(&format!("{url}/v1/chat/completions"))),
        "  -H 'Content-Type: application/json' \\".to_owned(),
        "  -H \"Authorization: Bearer $OPENAI_API_KEY\" \\".to_owned(),
        "  -d 'BODY'".to_owned(),
    ]
    .join("\n")
}

/// The same with OpenAI's Python library.
pub(crate) fn chat_python(url: &str) -> String {
    let url = serde_json::Value::from(format!("{url}/v1"));
    [
        "from openai import OpenAI",
        "",
        &format!("client = OpenAI(base_url={url})  # the key is read from OPENAI_API_KEY"),
        "request = BODY",
        "for chunk in client.chat.completions.create(**request):",
        "    if chunk.choices:",
        "        print(chunk.choices[0].delta.content or \"\", end=\"\", flush=True)",
    ]
    .join("\n")
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
    fn python_is_one_request() {
        insta::assert_snapshot!(python("https://proxy.example.com", "worv-secret", "DeepSeek-V4-Pro"));
    }

    #[test]
    fn codex_needs_a_provider_and_a_variable() {
        insta::assert_snapshot!(codex("https://proxy.example.com", "worv-secret", "DeepSeek-V4-Pro"));
    }

    #[test]
    fn open_webui_needs_its_environment_only() {
        insta::assert_snapshot!(open_webui("https://proxy.example.com", "worv-secret"));
    }

    #[test]
    fn a_chat_has_one_place_for_its_body() {
        let url = "https://proxy.example.com";
        for text in [chat_curl(url), chat_python(url)] {
            assert_eq!(text.matches("BODY").count(), 1, "{text}");
            assert!(text.contains("https://proxy.example.com/v1"), "{text}");
        }
    }

    #[test]
    fn nothing_in_a_name_is_run_by_the_shell() {
        assert_eq!(quoted("it's $(whoami)"), r"'it'\''s $(whoami)'");
    }
}
