//! The field for a password that somebody thinks of.

use leptos::prelude::*;

/// A new password: the browser offers one, and says what is too short.
pub(in crate::served) fn new_password(name: &'static str, label: &'static str) -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <input
                class="field__input"
                type="password"
                name=name
                required
                minlength="10"
                maxlength="1000"
                autocomplete="new-password"
            />
            <span class="field__hint">"At least 10 characters."</span>
        </label>
    }
    .into_any()
}
