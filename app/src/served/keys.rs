//! The keys: who may use the inference API, and until when.

use leptos::prelude::*;
use worv_api::{ApiKey, CreatedKey, KeyStatus, NewKey};

pub(super) use self::{created::created, revoking::revoking};
use self::{creating::creating, table::table};
use super::{Visitor, parts};
use crate::{components::Tone, format};

mod created;
mod creating;
mod revoking;
mod table;

/// The address of the list.
const HOME: &str = "/keys";

/// What the list shows.
pub struct KeysView {
    /// Every key, newest first.
    pub keys: Vec<ApiKey>,
    /// Keys with this in their name, owner or tags only.
    pub search: String,
    /// Keys in this state only.
    pub status: Option<KeyStatus>,
    /// What has been filled in of a new key, where one is being created.
    pub creating: Option<NewKey>,
    /// The key that is asked about whether to revoke it.
    pub revoking: Option<i64>,
    /// A key that has just been created, or rotated.
    pub created: Option<CreatedKey>,
    /// The models that a key may be held to.
    pub models: Vec<String>,
    /// The model that is live.
    pub live_model: String,
    /// Where programs reach the inference API, without a path.
    pub inference_url: String,
}

/// The states with their values in the address and their words.
const STATUSES: [(KeyStatus, &str, &str); 4] = [
    (KeyStatus::Active, "active", "Active"),
    (KeyStatus::Suspended, "suspended", "Suspended"),
    (KeyStatus::Expired, "expired", "Expired"),
    (KeyStatus::Revoked, "revoked", "Revoked"),
];

impl KeysView {
    /// The state of that name in an address.
    pub fn status_named(name: &str) -> Option<KeyStatus> {
        let found = STATUSES.iter().find(|(_, value, _)| *value == name);
        found.map(|(status, _, _)| *status)
    }

    fn shows(&self, key: &ApiKey) -> bool {
        let search = self.search.to_lowercase();
        let texts = [&key.name, &key.owner, &key.last_four]
            .into_iter()
            .chain(&key.settings.tags);
        self.status.is_none_or(|status| status == key.status)
            && texts.into_iter().any(|text| text.to_lowercase().contains(&search))
    }
}

/// The list.
pub fn keys(view: KeysView, visitor: &Visitor) -> String {
    let dialogs = [
        view.creating
            .as_ref()
            .map(|filled_in| creating(filled_in, &view, visitor)),
        view.revoking.and_then(|id| {
            let key = view.keys.iter().find(|key| key.id == id);
            key.map(|key| revoking(key, HOME, visitor))
        }),
        view.created
            .as_ref()
            .map(|made| created(made, &view.live_model, &view.inference_url, HOME)),
    ];
    let notice = dialogs.iter().all(Option::is_none).then(|| parts::notice(visitor));
    let list = if view.keys.is_empty() {
        parts::empty(
            "There are no keys yet.",
            if visitor.admin {
                "Create one for each person or program that uses the inference API."
            } else {
                "An administrator can create one for you."
            },
        )
    } else {
        let mut shown: Vec<_> = view.keys.iter().filter(|key| view.shows(key)).collect();
        shown.sort_by_key(|key| STATUSES.iter().position(|(status, _, _)| *status == key.status));
        if shown.is_empty() {
            parts::empty("No key matches.", "Change the filter, or take it away.")
        } else {
            table(&shown, visitor)
        }
    };
    view! {
        <div class="served" data-renew="10">
            {notice}
            <div class="served__bar">
                <form class="toolbar" method="get" action=HOME role="search">
                    <input
                        class="field__input"
                        type="search"
                        name="q"
                        value=view.search.clone()
                        maxlength="100"
                        placeholder="Name, owner or tag"
                        aria-label="Name, owner or tag"
                    />
                    <select class="field__input" name="status" aria-label="Status">
                        <option value="">"Every status"</option>
                        {STATUSES
                            .map(|(status, value, word)| {
                                view! {
                                    <option value=value selected=view.status == Some(status)>
                                        {word}
                                    </option>
                                }
                            })
                            .collect_view()}
                    </select>
                    <button class="button" type="submit">
                        "Filter"
                    </button>
                </form>
                {visitor
                    .admin
                    .then(|| {
                        view! {
                            <a class="button" data-kind="primary" href="/keys?create=">
                                <span class="icon" data-icon="plus" aria-hidden="true"></span>
                                "Create key"
                            </a>
                        }
                    })}
            </div>
            {list}
            <p class="muted keys__note">
                "A key is stored as a digest only: its secret is shown once, when it is created. A change takes effect within a second."
            </p>
            {dialogs.into_iter().flatten().collect_view()}
        </div>
    }
    .to_html()
}

/// A state's icon, word and colour.
pub(super) fn status(key: &ApiKey) -> AnyView {
    let (tone, word) = match key.status {
        KeyStatus::Active => (Tone::Ok, "Active"),
        KeyStatus::Suspended => (Tone::Warn, "Suspended"),
        KeyStatus::Expired => (Tone::Warn, "Expired"),
        KeyStatus::Revoked => (Tone::Neutral, "Revoked"),
    };
    parts::status(tone, word)
}

/// The day on which a key expires.
pub(super) fn expiry(key: &ApiKey) -> AnyView {
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
