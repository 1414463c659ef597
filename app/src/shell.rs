//! The document around the console.

use leptos::{config::LeptosOptions, prelude::*};
use leptos_meta::MetaTags;
use worv_api::SessionInfo;

use crate::{App, PageSettings, Theme};

/// What the server knows about the document it is about to render.
#[derive(Clone, Debug)]
pub struct ShellOptions {
    /// Where the wasm is, as Leptos wants it.
    pub leptos: LeptosOptions,
    /// The theme from the cookie [`Theme::COOKIE`].
    pub theme: Theme,
    /// Who is signed in. Its token is what the browser sends back in `X-CSRF-Token` with every change.
    pub session: SessionInfo,
    /// The address of the style sheet, such as `/pkg/worv.css`.
    pub stylesheet: String,
    /// Where programs reach the inference API, without a path, such as `https://proxy.example.com`.
    /// It appears in the lines that the console offers for copying.
    pub inference_url: String,
}

/// The console as a complete document.
pub fn shell(options: ShellOptions) -> impl IntoView {
    let ShellOptions {
        leptos,
        theme,
        session,
        stylesheet,
        inference_url,
    } = options;
    let csrf_token = session.csrf_token.clone();
    let settings = PageSettings {
        theme,
        inference_url,
        session: Some(session),
    };
    // Strings, numbers and names only: there is nothing that could not be written as JSON.
    let as_json = serde_json::to_string(&settings).unwrap_or_default();
    provide_context(settings);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.name()>
            <head>
                <DocumentHead stylesheet/>
                <meta name=PageSettings::CSRF_TOKEN_META content=csrf_token/>
                <meta name=PageSettings::META content=as_json/>
                <AutoReload options=leptos.clone()/>
                <HydrationScripts options=leptos/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// What every document of the console has in its head, scripts or not.
#[component]
pub(crate) fn DocumentHead(
    /// The address of the style sheet.
    stylesheet: String,
) -> impl IntoView {
    view! {
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <meta name="robots" content="noindex"/>
        <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
        <link
            rel="preload"
            href="/fonts/inter-latin-variable.woff2"
            r#as="font"
            r#type="font/woff2"
            crossorigin="anonymous"
        />
        <link rel="stylesheet" href=stylesheet/>
    }
}
