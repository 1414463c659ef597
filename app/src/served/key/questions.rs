//! What is asked before something is done to a key.

use leptos::prelude::*;
use worv_api::ApiKey;

use super::{
    super::{Visitor, keys, parts},
    KeyView,
};

/// The question that the address names.
pub(super) fn question(view: &KeyView, home: &str, visitor: &Visitor) -> Option<AnyView> {
    let key = &view.key;
    match view.asking.as_str() {
        "revoke" => Some(keys::revoking(key, home, visitor)),
        "rotate" => Some(rotate(key, home, visitor)),
        "suspend" => Some(suspend(key, home, visitor)),
        "resume" => Some(resume(key, home, visitor)),
        _ => None,
    }
}

fn rotate(key: &ApiKey, home: &str, visitor: &Visitor) -> AnyView {
    let fields = view! {
        <p>
            "The key gets a new secret, shown this once. Requests with " <code>{parts::masked(key)}</code>
            " work on for the time chosen here, and get status 401 afterwards. An earlier secret from a rotation before this one ends at once."
        </p>
        <label class="field">
            <span class="field__label">"The earlier secret works on for"</span>
            <select class="field__input" name="overlap_hours">
                <option value="0">"No time: it ends at once"</option>
                <option value="1">"1 hour"</option>
                <option value="24" selected>
                    "24 hours"
                </option>
                <option value="168">"7 days"</option>
                <option value="720">"30 days"</option>
            </select>
        </label>
    };
    let title = format!("Rotate {}?", key.name);
    let button = ("primary", "Rotate key");
    parts::question(visitor, title, home, ("rotate", key.id), fields.into_any(), button)
}

fn suspend(key: &ApiKey, home: &str, visitor: &Visitor) -> AnyView {
    let effect = view! {
        <p>
            "Within a second, every request with " <code>{parts::masked(key)}</code>
            " is refused; requests under way are finished. Resume it whenever you like."
        </p>
    };
    let title = format!("Suspend {}?", key.name);
    let button = ("primary", "Suspend key");
    parts::question(visitor, title, home, ("suspend", key.id), effect.into_any(), button)
}

fn resume(key: &ApiKey, home: &str, visitor: &Visitor) -> AnyView {
    let effect = view! { <p>"Within a second, requests with this key are admitted again."</p> };
    let title = format!("Resume {}?", key.name);
    let button = ("primary", "Resume key");
    parts::question(visitor, title, home, ("resume", key.id), effect.into_any(), button)
}
