//! Tables of the documentation, printed from the tables that the code itself works by.

use std::fmt::Write;

use worv_core::usage::Endpoint;
use worv_proxy::{FORM_FIELDS, FieldRule, SHIELDED_FIELDS, STRIPPED_FROM_REQUESTS, TEMPLATE_KWARGS, ThinkingMap};

use super::facts::Facts;
use crate::config::Profile;

/// The inference routes and what each is for.
pub fn endpoints() -> String {
    let rows = Endpoint::ALL.into_iter().filter_map(|endpoint| {
        let what = match endpoint {
            Endpoint::ChatCompletions => "Chat, OpenAI's dialect; whole or streamed",
            Endpoint::Messages => "Chat, Anthropic's dialect; whole or streamed",
            Endpoint::CountTokens => "Counts a prompt of the dialect of `/v1/messages`",
            Endpoint::Completions => "Plain completions of one prompt",
            Endpoint::Responses => "OpenAI's newer dialect, as Codex speaks it",
            Endpoint::Embeddings => "Vectors, if the live model makes them",
            Endpoint::Rerank => "Ranks documents, if the live model does",
            Endpoint::Score => "Scores pairs of texts, if the live model does",
            Endpoint::Transcriptions => "Speech to text, if the live model takes audio; a form with a file",
            Endpoint::Translations => "Speech to English text, if the live model takes audio; a form with a file",
            // Routes of the configuration; the operator who named them tells what they are for.
            Endpoint::Other => return None,
        };
        Some(vec![format!("`POST {}`", endpoint.path()), what.to_owned()])
    });
    let models = [
        vec![
            "`GET /v1/models`".to_owned(),
            "Every name that leads to the live model".to_owned(),
        ],
        vec!["`GET /v1/models/{id}`".to_owned(), "One of them".to_owned()],
    ];
    table(&["Route", "What it does"], rows.chain(models))
}

/// The fields that do not pass as they are.
pub fn fields() -> String {
    let rows = SHIELDED_FIELDS.iter().map(|field| {
        let rule = match field.rule {
            FieldRule::Stripped => "taken out".to_owned(),
            FieldRule::Refused => "refused with 400".to_owned(),
            FieldRule::RefusedWithZero => "refused with 400, `0` as well".to_owned(),
            FieldRule::AtMost(limit) => format!("refused above {limit}"),
        };
        vec![format!("`{}`", field.name), rule, format!("it {}", field.reason)]
    });
    table(&["Field", "What becomes of it", "Because"], rows)
}

/// The fields of a form that reach the engine.
pub fn form_fields() -> String {
    FORM_FIELDS.map(|name| format!("`{name}`")).join(", ")
}

/// The headers that do not reach the engine.
pub fn headers() -> String {
    let rows = STRIPPED_FROM_REQUESTS
        .iter()
        .map(|header| vec![format!("`{}`", header.name), header.reason.to_owned()]);
    table(&["Header", "Why it stops at the gateway"], rows)
}

/// The names that lead to the live model.
pub fn names(facts: &Facts) -> String {
    let live = facts
        .model
        .iter()
        .map(|model| vec![format!("`{model}`"), "the live model's own name".to_owned()]);
    let always = [vec!["`live`".to_owned(), "always the live model".to_owned()]];
    let is_other = |name: &str| {
        facts
            .model
            .as_deref()
            .is_none_or(|model| !model.eq_ignore_ascii_case(name))
    };
    let profiles = facts.profiles.iter().filter(|profile| is_other(&profile.name));
    let profiles = profiles.map(|profile| {
        vec![
            format!("`{}`", profile.name),
            "another model of this machine".to_owned(),
        ]
    });
    let is_alias = |alias: &&String| {
        is_other(alias)
            && !facts
                .profiles
                .iter()
                .any(|profile| profile.name.eq_ignore_ascii_case(alias))
    };
    let aliases = facts.aliases.iter().filter(is_alias).map(|alias| {
        let what = if alias.ends_with('*') {
            "every name that begins so"
        } else {
            "an alias"
        };
        vec![format!("`{alias}`"), what.to_owned()]
    });
    table(
        &["Name", "What it is"],
        live.chain(always).chain(profiles).chain(aliases),
    )
}

/// How each model is told to think.
pub fn thinking(profiles: &[Profile]) -> String {
    let rows = profiles.iter().filter_map(|profile| {
        let map = ThinkingMap::of_model(&profile.name)?;
        let efforts = if map.efforts.is_empty() {
            "no levels: any effort but `none` switches thinking on".to_owned()
        } else {
            let pairs = map.efforts.iter().map(|(asked, told)| format!("`{asked}` → `{told}`"));
            pairs.collect::<Vec<_>>().join(", ")
        };
        let default = if map.default { "on" } else { "off" };
        Some(vec![
            format!("`{}`", profile.name),
            default.to_owned(),
            format!("`{}`", map.switch),
            efforts,
        ])
    });
    table(&["Model", "Without a word", "Switch", "Efforts"], rows)
}

/// The members of `chat_template_kwargs` that pass.
pub fn template_kwargs() -> String {
    TEMPLATE_KWARGS.map(|name| format!("`{name}`")).join(", ")
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}
