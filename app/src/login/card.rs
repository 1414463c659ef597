//! What the pages of the sign-in share: the document, and why the attempt before failed.

use leptos::prelude::*;

use super::LoginError;
use crate::{Theme, shell::DocumentHead};

/// The document around what is asked.
pub(super) fn card(theme: Theme, stylesheet: String, content: impl IntoView) -> impl IntoView {
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

/// Why the attempt before failed.
pub(super) fn complaint(error: Option<LoginError>) -> impl IntoView {
    error.map(|error| {
        view! {
            <p class="notice" data-tone="bad" id="login-error" role="alert">
                {error.to_string()}
            </p>
        }
    })
}
