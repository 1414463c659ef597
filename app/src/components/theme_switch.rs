//! Chooses the theme, at once and for every later page, wherever the page offers it.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlDocument, HtmlInputElement, HtmlSelectElement};

use crate::{PageSettings, Theme};

/// A year, in seconds.
const REMEMBERED_FOR: u32 = 365 * 24 * 60 * 60;

/// The switch between the themes.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let chosen = use_context::<PageSettings>().unwrap_or_default().theme;
    view! {
        <fieldset class="theme-switch" on:change=|event| choose(&event)>
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
                            />
                            <span class="icon" data-icon=icon aria-hidden="true"></span>
                        </label>
                    }
                })
                .collect_view()}
        </fieldset>
    }
}

/// Takes what was chosen in a field for the theme, and shows it in the switch and in the list, of which the settings have one.
pub(super) fn choose(event: &web_sys::Event) {
    let field = event.target().and_then(|field| field.dyn_into::<Element>().ok());
    if !field.is_some_and(|field| field.matches("[name=theme]").unwrap_or_default()) {
        return;
    }
    let document = document();
    let theme = Theme::from_name(&event_target_value(event)).name();
    // None of it can fail for a page that has an `<html>` element and an origin; if it does, the theme stays as it was.
    if let Some(html) = document.document_element() {
        drop(html.set_attribute("data-theme", theme));
    }
    let find = |selector: &str| document.query_selector(selector).ok().flatten();
    let switch = find(&format!("[name=theme][value={theme}]"));
    if let Some(switch) = switch.and_then(|field| field.dyn_into::<HtmlInputElement>().ok()) {
        switch.set_checked(true);
    }
    let list = find("select[name=theme]");
    if let Some(list) = list.and_then(|field| field.dyn_into::<HtmlSelectElement>().ok()) {
        list.set_value(theme);
    }
    if let Some(document) = document.dyn_ref::<HtmlDocument>() {
        let cookie = Theme::COOKIE;
        drop(document.set_cookie(&format!(
            "{cookie}={theme}; Path=/; Max-Age={REMEMBERED_FOR}; SameSite=Lax"
        )));
    }
}

fn appearance(theme: Theme) -> (&'static str, &'static str) {
    match theme {
        Theme::System => ("screen", "As the system"),
        Theme::Light => ("sun", "Light"),
        Theme::Dark => ("moon", "Dark"),
    }
}
