//! Which of the keys are shown, and in which order.

use leptos::prelude::*;
use worv_api::{ApiKey, KeyStatus};

use super::{HOME, KeysView, cells::word};

/// The states in the order of the list, with their values in the address.
const STATUSES: [(KeyStatus, &str); 4] = [
    (KeyStatus::Active, "active"),
    (KeyStatus::Suspended, "suspended"),
    (KeyStatus::Expired, "expired"),
    (KeyStatus::Revoked, "revoked"),
];

/// The keys that match, by their states.
pub(super) fn shown(view: &KeysView) -> Vec<&ApiKey> {
    let mut shown: Vec<_> = view.keys.iter().filter(|key| matches(key, view)).collect();
    shown.sort_by_key(|key| STATUSES.iter().position(|(status, _)| *status == key.status));
    shown
}

/// The form; the address is what it was sent with.
pub(super) fn filters(view: &KeysView) -> AnyView {
    view! {
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
                    .map(|(status, value)| {
                        view! {
                            <option value=value selected=view.status == Some(status)>
                                {word(status)}
                            </option>
                        }
                    })
                    .collect_view()}
            </select>
            <button class="button" type="submit">
                "Filter"
            </button>
        </form>
    }
    .into_any()
}

impl KeysView {
    /// The state of that name in an address.
    pub fn status_named(name: &str) -> Option<KeyStatus> {
        let found = STATUSES.iter().find(|(_, value)| *value == name);
        found.map(|(status, _)| *status)
    }
}

fn matches(key: &ApiKey, view: &KeysView) -> bool {
    let search = view.search.to_lowercase();
    let texts = [&key.name, &key.owner, &key.last_four]
        .into_iter()
        .chain(&key.settings.tags);
    view.status.is_none_or(|status| status == key.status)
        && texts.into_iter().any(|text| text.to_lowercase().contains(&search))
}
