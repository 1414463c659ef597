//! What is asked before one's own account changes.

use leptos::prelude::*;
use worv_api::RecoveryCodes;

use super::{
    super::{Visitor, parts},
    HOME, SettingsView,
};

/// The question that the address names.
pub(super) fn question(view: &SettingsView, visitor: &Visitor) -> Option<AnyView> {
    let action = format!("{HOME}?ask={}", view.asking);
    let form = |fields: AnyView, kind, button| {
        parts::form(
            visitor,
            &action,
            HOME,
            (view.asking.as_str(), 0),
            fields,
            (kind, button),
        )
    };
    let (title, content) = match view.asking.as_str() {
        "password" => {
            let fields = view! {
                <p>"You will be signed out everywhere, here too."</p>
                {own_password("current_password", "Current password")}
                <label class="field">
                    <span class="field__label">"New password"</span>
                    <input
                        class="field__input"
                        type="password"
                        name="new_password"
                        required
                        minlength="10"
                        maxlength="1000"
                        autocomplete="new-password"
                    />
                    <span class="field__hint">"At least 10 characters."</span>
                </label>
            };
            (
                "Change your password",
                form(fields.into_any(), "primary", "Change password"),
            )
        }
        "codes" if view.codes_left.is_some() => {
            let fields = view! {
                <p>"The recovery codes that you have end at once."</p>
                {own_password("password", "Your password")}
            };
            (
                "New recovery codes",
                form(fields.into_any(), "primary", "Get new codes"),
            )
        }
        "second-factor-off" if view.codes_left.is_some() => {
            let fields = view! {
                <p>"Signing in asks for your password only. Your recovery codes end too."</p>
                {own_password("password", "Your password")}
            };
            (
                "Switch the second factor off?",
                form(fields.into_any(), "danger", "Switch off"),
            )
        }
        _ => return None,
    };
    Some(parts::dialog(title.to_owned(), HOME, content))
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
