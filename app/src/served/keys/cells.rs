//! What the list and a key's own page show of a key in the same way.

use leptos::prelude::*;
use worv_api::{ApiKey, KeyStatus};

use super::super::parts;
use crate::{components::Tone, format};

/// A state's icon, word and colour.
pub(in crate::served) fn status(key: &ApiKey) -> AnyView {
    let tone = match key.status {
        KeyStatus::Active => Tone::Ok,
        KeyStatus::Suspended | KeyStatus::Expired => Tone::Warn,
        KeyStatus::Revoked => Tone::Neutral,
    };
    parts::status(tone, word(key.status))
}

/// A state in a word.
pub(super) fn word(status: KeyStatus) -> &'static str {
    match status {
        KeyStatus::Active => "Active",
        KeyStatus::Suspended => "Suspended",
        KeyStatus::Expired => "Expired",
        KeyStatus::Revoked => "Revoked",
    }
}

/// The day on which a key expires.
pub(in crate::served) fn expiry(key: &ApiKey) -> AnyView {
    match key.expires_at {
        Some(at) => view! {
            <time datetime=format::iso(at) title=format!("{} UTC", format::date_time(at))>
                {format::date(at)}
            </time>
        }
        .into_any(),
        None => view! { <span class="muted">"Never"</span> }.into_any(),
    }
}
