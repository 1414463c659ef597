//! A key that was just made, with its secret and what to do with it.

use leptos::prelude::*;
use worv_api::CreatedKey;

use super::super::{parts, snippets};

/// The one time a secret is shown.
pub(in crate::served) fn created(made: &CreatedKey, live_model: &str, inference_url: &str, back: &str) -> AnyView {
    let model = if live_model.is_empty() { "live" } else { live_model };
    let (url, secret) = (inference_url, made.secret.as_str());
    let content = view! {
        <div class="notice" data-tone="warn">
            <p>"Copy the key now. It is shown this once and cannot be read again."</p>
        </div>
        {parts::copy("secret", "Key", made.secret.clone())}
        {parts::copy("snippet-curl", "Try it with curl", snippets::curl(url, secret, model))}
        <details class="fold">
            <summary>"Python, Claude Code, Codex and Open WebUI"</summary>
            <div class="fold__content">
                {parts::copy("snippet-python", "Use it from Python", snippets::python(url, secret, model))}
                {parts::copy(
                    "snippet-claude-code",
                    "Use it with Claude Code",
                    snippets::claude_code(url, secret, model),
                )}
                {parts::copy("snippet-codex", "Use it with Codex", snippets::codex(url, secret, model))}
                {parts::copy("snippet-open-webui", "Use it with Open WebUI", snippets::open_webui(url, secret))}
            </div>
        </details>
        {parts::stored("I have stored it", back)}
    };
    parts::kept_dialog(format!("{} is ready", made.key.name), back, content.into_any())
}
