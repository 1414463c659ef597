//! What is asked before one's own account changes.

use leptos::prelude::*;
use worv_api::RecoveryCodes;

use super::{
    super::{Visitor, parts},
    HOME, SettingsView,
};

/// The question that the address names.
pub(super) fn question(view: &SettingsView, visitor: &Visitor) -> Option<AnyView> {
    let word = view.asking.as_str();
    let (title, fields, button) = match word {
        "password" => {
            let fields = view! {
                <p>"You will be signed out everywhere, here too."</p>
                {own_password("current_password", "Current password")}
                {parts::new_password("new_password", "New password")}
            };
            (
                "Change your password",
                fields.into_any(),
                ("primary", "Change password"),
            )
        }
        "codes" if view.codes_left.is_some() => {
            let fields = view! {
                <p>"The recovery codes that you have end at once."</p>
                {own_password("password", "Your password")}
            };
            ("New recovery codes", fields.into_any(), ("primary", "Get new codes"))
        }
        "second-factor-off" if view.codes_left.is_some() => {
            let fields = view! {
                <p>"Signing in asks for your password only. Your recovery codes end too."</p>
                {own_password("password", "Your password")}
            };
            (
                "Switch the second factor off?",
                fields.into_any(),
                ("danger", "Switch off"),
            )
        }
        _ => return None,
    };
    let (address, title, what) = (format!("{HOME}?ask={word}"), title.to_owned(), (word, 0));
    Some(parts::question_at(&address, visitor, title, HOME, what, fields, button))
}

/// Recovery codes, the one time that they are shown.
pub(super) fn recovery_codes(codes: &RecoveryCodes) -> AnyView {
    let content = view! {
        <div class="notice" data-tone="warn">
            <p>
                "Store these codes away from your phone. Each signs you in once if the authenticator is lost. They are shown this once."
            </p>
        </div>
        {parts::copy("recovery-codes", "Recovery codes", codes.recovery_codes.join("\n"))}
        {parts::stored("I have stored them", HOME)}
    };
    parts::kept_dialog("Your recovery codes".to_owned(), HOME, content.into_any())
}

fn own_password(name: &'static str, label: &'static str) -> AnyView {
    view! {
        <label class="field">
            <span class="field__label">{label}</span>
            <input
                class="field__input"
                type="password"
                name=name
                required
                maxlength="1000"
                autocomplete="current-password"
                autofocus
            />
        </label>
    }
    .into_any()
}
