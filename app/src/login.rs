//! The sign-in page: a plain form that needs no script.

use leptos::prelude::*;

use self::card::{card, complaint};
pub use self::{
    error::LoginError,
    second_factor::{SecondFactorForm, second_factor_document},
};
use crate::Theme;

mod card;
mod error;
mod second_factor;

/// What the sign-in page shows.
#[derive(Clone, Debug)]
pub struct LoginForm {
    /// The token of the session before signing in, sent back as the field `csrf_token`.
    pub csrf_token: String,
    /// The path to go to afterwards, sent back as the field `next`.
    pub next: String,
    /// The name typed in the attempt before; empty at first.
    pub name: String,
    /// Why the attempt before failed.
    pub error: Option<LoginError>,
    /// Whether the engine and the GPUs are simulated.
    pub demo: bool,
    /// The theme from the cookie [`Theme::COOKIE`].
    pub theme: Theme,
    /// The address of the style sheet, such as `/pkg/worv.css`.
    pub stylesheet: String,
}

/// The sign-in page as a complete document. The form is posted to `/login` with the fields `name`, `password`,
/// `csrf_token` and `next`.
pub fn login_document(form: LoginForm) -> impl IntoView {
    let LoginForm {
        csrf_token,
        next,
        name,
        error,
        demo,
        theme,
        stylesheet,
    } = form;
    let fields = view! {
        {demo
            .then(|| {
                view! {
                    <p class="notice" data-tone="warn">
                        "Demo: simulated engine and GPUs"
                    </p>
                }
            })}
        {complaint(error)}
        <form class="form" method="post" action="/login">
            <input type="hidden" name="csrf_token" value=csrf_token/>
            <input type="hidden" name="next" value=next/>
            <label class="field">
                <span class="field__label">"Name"</span>
                <input
                    class="field__input"
                    name="name"
                    value=name.clone()
                    required
                    autocomplete="username"
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=name.is_empty()
                />
            </label>
            <label class="field">
                <span class="field__label">"Password"</span>
                <input
                    class="field__input"
                    type="password"
                    name="password"
                    required
                    autocomplete="current-password"
                    autofocus=!name.is_empty()
                    aria-describedby=error.map(|_| "login-error")
                />
            </label>
            <button class="button" data-kind="primary" type="submit">
                "Sign in"
            </button>
        </form>
    };
    card(theme, stylesheet, fields)
}
