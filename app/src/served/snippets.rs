//! Lines to paste, with the key filled in.

pub(crate) use self::chat::{chat_curl, chat_python};
use crate::quoting::for_shell;

mod chat;

/// One request with curl.
pub(crate) fn curl(url: &str, secret: &str, model: &str) -> String {
    let model = string(model);
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
    [
        "from openai import OpenAI".to_owned(),
        String::new(),
        format!(
            "client = OpenAI(base_url={}, api_key={})",
            string(&format!("{url}/v1")),
            string(secret)
        ),
        "answer = client.chat.completions.create(".to_owned(),
        format!("    model={},", string(model)),
        "    messages=[{\"role\": \"user\", \"content\": \"Reply with one word: pong\"}],".to_owned(),
        ")".to_owned(),
        "print(answer.choices[0].message.content)".to_owned(),
    ]
    .join("\n")
}

/// What Codex reads from its configuration and its environment.
pub(crate) fn codex(url: &str, secret: &str, model: &str) -> String {
    [
        "# ~/.codex/config.toml".to_owned(),
        format!("model = {}", string(model)),
        "model_provider = \"worv\"".to_owned(),
        String::new(),
        "[model_providers.worv]".to_owned(),
        "name = \"worv\"".to_owned(),
        format!("base_url = {}", string(&format!("{url}/v1"))),
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

/// A string as JSON, TOML and Python write it.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A word of a POSIX shell that stands for exactly this text.
fn quoted(text: &str) -> String {
    format!("'{}'", for_shell(text))
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
    fn nothing_in_a_name_is_run_by_the_shell() {
        assert_eq!(quoted("it's $(whoami)"), r"'it'\''s $(whoami)'");
    }
}
