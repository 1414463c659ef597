//! Who is asking, as far as the headers tell: the kind of program, and the person behind a chat front end.

use http::HeaderName;
use worv_core::usage::{ClientKind, LONGEST_CHAT_USER};

use crate::fields::Fields;

/// The header in which Open WebUI forwards who is asking, where it is set to (`ENABLE_FORWARD_USER_INFO_HEADERS`).
static CHAT_USER: HeaderName = HeaderName::from_static("x-openwebui-user-id");

/// What each program begins its `User-Agent` with. Agents come before the SDKs that they are built on.
const AGENTS: [(&str, ClientKind); 9] = [
    ("claude-cli/", ClientKind::ClaudeCode),
    ("claude-code/", ClientKind::ClaudeCode),
    ("codex", ClientKind::Codex),
    ("OpenAI/", ClientKind::OpenAiSdk),
    ("AsyncOpenAI/", ClientKind::OpenAiSdk),
    ("openai-", ClientKind::OpenAiSdk),
    ("Anthropic/", ClientKind::AnthropicSdk),
    ("AsyncAnthropic/", ClientKind::AnthropicSdk),
    ("curl/", ClientKind::Curl),
];

/// The kind of program that sent these headers. They can say anything: it is for statistics alone.
pub(crate) fn client_kind(headers: &Fields) -> ClientKind {
    let (mut agent, mut is_codex, mut is_open_webui) = ("", false, false);
    for (name, value) in headers.iter() {
        match name.as_str() {
            "x-claude-code-session-id" => return ClientKind::ClaudeCode,
            "originator" => is_codex |= value.as_bytes().starts_with(b"codex"),
            "user-agent" => agent = value.to_str().unwrap_or_default(),
            name => is_open_webui |= name.starts_with("x-openwebui-"),
        }
    }
    if is_codex {
        return ClientKind::Codex;
    }
    if is_open_webui {
        return ClientKind::OpenWebUi;
    }
    let known = AGENTS.iter().find(|(beginning, _)| agent.starts_with(beginning));
    known.map_or(ClientKind::Other, |(_, kind)| *kind)
}

/// The id of the chat user in whose name the request is made, if it is forwarded and of a usable length.
pub(crate) fn chat_user(headers: &Fields) -> Option<String> {
    let id = headers.text(&CHAT_USER)?.trim();
    (1..=LONGEST_CHAT_USER).contains(&id.len()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(sent: &[(&'static str, &str)]) -> Fields {
        let header = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        sent.iter().map(header).collect()
    }

    #[test]
    fn programs_are_told_apart_by_what_they_send() {
        let cases = [
            (
                ("user-agent", "claude-cli/2.1.197 (external, cli)"),
                ClientKind::ClaudeCode,
            ),
            (("x-claude-code-session-id", "0f0e"), ClientKind::ClaudeCode),
            (("user-agent", "codex_cli_rs/0.169.0 (Debian 12)"), ClientKind::Codex),
            (("originator", "codex_exec"), ClientKind::Codex),
            (("x-openwebui-user-name", "Ada"), ClientKind::OpenWebUi),
            (("user-agent", "OpenAI/Python 3.54.0"), ClientKind::OpenAiSdk),
            (("user-agent", "AsyncOpenAI/Python 3.54.0"), ClientKind::OpenAiSdk),
            (("user-agent", "Anthropic/JS 0.70.0"), ClientKind::AnthropicSdk),
            (("user-agent", "curl/8.5.0"), ClientKind::Curl),
            (("user-agent", "my-curl/1"), ClientKind::Other),
            (("accept", "*/*"), ClientKind::Other),
        ];
        for (sent, expected) in cases {
            assert_eq!(client_kind(&headers(&[sent])), expected, "{sent:?}");
        }
    }

    #[test]
    fn an_agent_is_not_taken_for_the_sdk_it_is_built_on() {
        let sent = [
            ("x-claude-code-session-id", "0f0e"),
            ("user-agent", "Anthropic/JS 0.70.0"),
        ];
        assert_eq!(client_kind(&headers(&sent)), ClientKind::ClaudeCode);
    }

    #[test]
    fn a_chat_user_is_an_id_and_never_a_text() {
        let user = |id: &str| chat_user(&headers(&[("x-openwebui-user-id", id)]));
        assert_eq!(user("6f1ed002-ab5b").as_deref(), Some("6f1ed002-ab5b"));
        assert_eq!(user(""), None);
        assert_eq!(user(&"x".repeat(65)), None);
        assert_eq!(chat_user(&Fields::default()), None);
    }
}
