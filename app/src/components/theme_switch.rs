//! Chooses the theme, at once and for every later page.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use crate::{PageSettings, Theme};

/// A year, in seconds.
const REMEMBERED_FOR: u32 = 365 * 24 * 60 * 60;

/// The switch between the themes.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let chosen = use_context::<PageSettings>().unwrap_or_default().theme;
    view! {
        <fieldset class="theme-switch">
            <legend class="visually-hidden">"Theme"</legend>
            {Theme::ALL
                .map(|theme| {
                    let (icon, title) = appearance(theme);
                    view! {
                        <label title=title>
                            <input
                                type="radio"
                                name="theme"
                                value=theme.name()
                                checked=theme == chosen
                                aria-label=title
                                on:change=move |_| choose(theme)
                            />
                            <span class="icon" data-icon=icon aria-hidden="true"></span>
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}

fn appearance(theme: Theme) -> (&'static str, &'static str) {
    match theme {
        Theme::System => ("screen", "As the system"),
        Theme::Light => ("sun", "Light"),
        Theme::Dark => ("moon", "Dark"),
    }
}

fn choose(theme: Theme) {
    let document = document();
    // Neither can fail for a page that has an `<html>` element and an origin; if it does, the theme stays as it was.
    if let Some(html) = document.document_element() {
        drop(html.set_attribute("data-theme", theme.name()));
    }
    if let Some(document) = document.dyn_ref::<web_sys::HtmlDocument>() {
        let (cookie, name) = (Theme::COOKIE, theme.name());
        drop(document.set_cookie(&format!(
            "{cookie}={name}; Path=/; Max-Age={REMEMBERED_FOR}; SameSite=Lax"
        )));
    }
}
