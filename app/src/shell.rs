//! The document around the console.

use leptos::{config::LeptosOptions, prelude::*};
use leptos_meta::MetaTags;

use crate::{App, PageSettings, Theme};

/// What the server knows about the document it is about to render.
#[derive(Clone, Debug)]
pub struct ShellOptions {
    /// Where the wasm is, as Leptos wants it.
    pub leptos: LeptosOptions,
    /// The theme from the cookie [`Theme::COOKIE`].
    pub theme: Theme,
    /// The session's token, which the browser sends back in `X-CSRF-Token` with every change.
    pub csrf_token: String,
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
        csrf_token,
        stylesheet,
        inference_url,
    } = options;
    provide_context(PageSettings {
        theme,
        inference_url: inference_url.clone(),
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.name()>
            <head>
                <DocumentHead stylesheet/>
                <meta name=PageSettings::CSRF_TOKEN_META content=csrf_token/>
                <meta name=PageSettings::INFERENCE_URL_META content=inference_url/>
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
