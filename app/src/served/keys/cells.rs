//! What the list and a key's own page show of a key in the same way.

use leptos::prelude::*;
use worv_api::{ApiKey, KeyStatus};

use super::super::parts;
use crate::{components::Tone, format};

/// A state's icon, word and colour.
pub(in crate::served) fn status(key: &ApiKey) -> AnyView {
    let (tone, word) = match key.status {
        KeyStatus::Active => (Tone::Ok, "Active"),
        KeyStatus::Suspended => (Tone::Warn, "Suspended"),
        KeyStatus::Expired => (Tone::Warn, "Expired"),
        KeyStatus::Revoked => (Tone::Neutral, "Revoked"),
    };
    parts::status(tone, word)
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
