//! Filters: forms whose answer is the page that they are on. All others are the browser's own business.

use leptos::prelude::window;
use wasm_bindgen::JsCast as _;

use super::{part::query, target};

/// The address that a filter leads to, without the fields that are empty.
pub(super) fn address_of(event: &web_sys::Event) -> Option<String> {
    let form = target(event)?.dyn_into::<web_sys::HtmlFormElement>().ok()?;
    if !form.matches(".toolbar").unwrap_or_default() {
        return None;
    }
    let fields = web_sys::FormData::new_with_form(&form).ok()?;
    let given = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()?;
    let kept = web_sys::UrlSearchParams::new().ok()?;
    for pair in js_sys::try_iter(&given).ok()??.flatten() {
        let pair = js_sys::Array::from(&pair);
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string())
            && !value.is_empty()
        {
            kept.append(&name, &value);
        }
    }
    let path = form
        .get_attribute("action")
        .or_else(|| window().location().pathname().ok())?;
    Some(path + &query(&String::from(kept.to_string())))
}

/// Sends a filter as soon as a choice in it has changed.
pub(super) fn send(event: &web_sys::Event) {
    let choice = target(event).filter(|target| target.matches(".toolbar select").unwrap_or_default());
    let form = choice.and_then(|choice| choice.closest("form").ok().flatten());
    if let Some(form) = form.and_then(|form| form.dyn_into::<web_sys::HtmlFormElement>().ok()) {
        // Refused only where a field is not valid yet, which the browser says.
        drop(form.request_submit());
    }
}
