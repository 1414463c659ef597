//! The page between the password and the console.

use leptos::prelude::*;

use super::{
    LoginError,
    card::{card, complaint},
};
use crate::Theme;

/// What the page shows that asks for the second factor.
#[derive(Clone, Debug)]
pub struct SecondFactorForm {
    /// The token of the session before signing in, sent back as the field `csrf_token`.
    pub csrf_token: String,
    /// The path to go to afterwards, sent back as the field `next`.
    pub next: String,
    /// Why the attempt before failed.
    pub error: Option<LoginError>,
    /// The theme from the cookie [`Theme::COOKIE`].
    pub theme: Theme,
    /// The address of the style sheet, such as `/pkg/worv.css`.
    pub stylesheet: String,
}

/// The page between the password and the console, as a complete document. The form is posted to `/login/code` with the
/// fields `code`, `csrf_token` and `next`.
pub fn second_factor_document(form: SecondFactorForm) -> impl IntoView {
    let SecondFactorForm {
        csrf_token,
        next,
        error,
        theme,
        stylesheet,
    } = form;
    let fields = view! {
        {complaint(error)}
        <form class="form" method="post" action="/login/code">
            <input type="hidden" name="csrf_token" value=csrf_token/>
            <input type="hidden" name="next" value=next/>
            <label class="field">
                <span class="field__label">"Code"</span>
                <input
                    class="field__input"
                    name="code"
                    required
                    maxlength="40"
                    autocomplete="one-time-code"
                    autocapitalize="characters"
                    spellcheck="false"
                    autofocus
                    aria-describedby="code-hint"
                />
                <span class="field__hint" id="code-hint">
                    "The six digits that your authenticator shows, or one of your recovery codes."
                </span>
            </label>
            <button class="button" data-kind="primary" type="submit">
                "Continue"
            </button>
            <a href="/login">"Sign in as someone else"</a>
        </form>
    };
    card(theme, stylesheet, fields)
}
