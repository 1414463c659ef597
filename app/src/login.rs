//! The sign-in page: a plain form that needs no script.

use leptos::prelude::*;

use crate::{Theme, shell::DocumentHead};

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

/// Why signing in failed. None of them tells whether the name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// The name or the password is wrong.
    Rejected,
    /// The code of the second factor is wrong, or was used before.
    WrongCode,
    /// The form was open for too long, or its token is not the one that was given out.
    Expired,
    /// Too many attempts.
    Throttled {
        /// Seconds until the next attempt is allowed.
        retry_after: u64,
    },
    /// The server cannot check passwords at the moment.
    Unavailable,
}

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

/// Why the attempt before failed.
fn complaint(error: Option<LoginError>) -> impl IntoView {
    error.map(|error| {
        view! {
            <p class="notice" data-tone="bad" id="login-error" role="alert">
                {error.to_string()}
            </p>
        }
    })
}

/// The document around what is asked.
fn card(theme: Theme, stylesheet: String, content: impl IntoView) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.name()>
            <head>
                <DocumentHead stylesheet/>
                <title>"Sign in · worv"</title>
                // Fetched while the password is typed, so that the console is interactive at once.
                <link rel="prefetch" href="/pkg/worv.js"/>
                <link rel="prefetch" href="/pkg/worv.wasm"/>
            </head>
            <body class="login">
                <main class="login__card">
                    <h1 class="login__title">
                        <img src="/favicon.svg" alt="" width="32" height="32"/>
                        "Sign in to worv"
                    </h1>
                    {content}
                </main>
            </body>
        </html>
    }
}

impl std::fmt::Display for LoginError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rejected => f.write_str("The name or the password is not right."),
            Self::WrongCode => f.write_str("That code is not right, or it was used before. Wait for the next one."),
            Self::Expired => f.write_str("This page was open for too long. Please sign in again."),
            Self::Throttled { retry_after } => {
                write!(f, "Too many attempts. Try again in {retry_after} s.")
            }
            Self::Unavailable => f.write_str("The server cannot check passwords at the moment. Try again shortly."),
        }
    }
}
