//! One's second factor.

use leptos::prelude::*;
use worv_api::SecondFactorDraft;

use super::{
    super::{Visitor, parts},
    HOME, SettingsView,
};
use crate::components::Tone;

/// Whether there is one, and the way to the other.
pub(super) fn second_factor(view: &SettingsView, visitor: &Visitor) -> AnyView {
    let content = match (view.codes_left, &view.draft) {
        (Some(left), _) => view! {
            <div class="action">
                <p>
                    {parts::status(Tone::Ok, "On")}
                    " Signing in asks for a code of your authenticator. Recovery codes left: "
                    <b>{left.to_string()}</b>
                </p>
                <a class="button" href="/settings?ask=codes">
                    "New recovery codes"
                </a>
                <a class="button" href="/settings?ask=second-factor-off">
                    "Switch off"
                </a>
            </div>
        }
        .into_any(),
        (None, Some(draft)) => enrolment(draft, visitor),
        (None, None) => view! {
            <form class="action" method="post" action=HOME>
                {parts::token(visitor)} {parts::does("begin-second-factor", 0)}
                <p>
                    "Off. With a second factor, signing in asks for a code of an authenticator on your phone as well."
                </p>
                <button class="button" type="submit">
                    "Set up"
                </button>
            </form>
        }
        .into_any(),
    };
    view! {
        <section class="panel">
            <div class="panel__header">
                <h3>"Second factor"</h3>
            </div>
            {content}
        </section>
    }
    .into_any()
}

fn enrolment(draft: &SecondFactorDraft, visitor: &Visitor) -> AnyView {
    view! {
        <form class="form panel__form" method="post" action=HOME>
            {parts::token(visitor)} {parts::does("confirm-second-factor", 0)}
            <p>"Scan this with an authenticator, then type the code that it shows. Nothing changes before that."</p>
            <div class="qr" inner_html=draft.qr_svg.clone()></div>
            <details class="fold">
                <summary>"Or type the secret"</summary>
                <div class="fold__content">
                    {parts::copy("totp-secret", "Secret", draft.secret.clone())}
                    {parts::copy("totp-uri", "Address", draft.uri.clone())}
                </div>
            </details>
            <label class="field">
                <span class="field__label">"Code"</span>
                <input
                    class="field__input"
                    name="code"
                    required
                    inputmode="numeric"
                    maxlength="10"
                    autocomplete="one-time-code"
                />
            </label>
            <div class="button-row">
                <button class="button" data-kind="primary" type="submit">
                    "Switch on"
                </button>
            </div>
        </form>
    }
    .into_any()
}
