//! The request as it is sent, and as it can be copied.

use app::quoting::{for_python, for_shell};
use js_sys::{Array, JSON, Number, Object};
use leptos::prelude::window;
use web_sys::{Element, FormData, HtmlFormElement, UrlSearchParams};

use super::{
    elements::find,
    objects::{message, object, set},
};

/// The parameters that are numbers; the others are texts.
const NUMBERS: [&str; 3] = ["max_tokens", "temperature", "top_p"];

/// The body of the request for an answer to these messages, with the parameters that are set.
pub(super) fn body(messages: &Array) -> Object {
    let text = |name: &str| {
        let given = fields().and_then(|fields| fields.get(name).as_string());
        given.filter(|text| !text.trim().is_empty())
    };
    let messages = match text("system") {
        Some(system) => Array::of1(&message("system", &system)).concat(messages),
        None => messages.slice(0, messages.length()),
    };
    let body = object(&[
        ("model", text("model").unwrap_or_else(|| "live".to_owned()).into()),
        ("messages", messages.into()),
        ("stream", true.into()),
        ("stream_options", object(&[("include_usage", true.into())]).into()),
    ]);
    if let Some(effort) = text("reasoning_effort") {
        set(&body, "reasoning_effort", &effort.into());
    }
    for name in NUMBERS {
        // What the browser lets through as a number, read by the browser: reading floats takes tables of many kilobytes.
        let number = text(name).map(|text| Number::parse_float(&text));
        if let Some(number) = number.filter(|number| number.is_finite()) {
            set(&body, name, &number.into());
        }
    }
    body
}

/// Fills the request into the fields that it can be copied from.
pub(super) fn offer(body: &Object) {
    let json = JSON::stringify_with_replacer_and_space(body, &wasm_bindgen::JsValue::NULL, &2.into());
    let json = json.ok().map(String::from).unwrap_or_default();
    for (id, written) in [
        ("#as-curl", for_shell as fn(&str) -> String),
        ("#as-python", for_python),
    ] {
        let Some(field) = find::<Element>(id) else { return };
        let template = field.closest("[data-template]").ok().flatten();
        let template = template.and_then(|element| element.get_attribute("data-template"));
        let text = template.unwrap_or_default().replacen("BODY", &written(&json), 1);
        drop(field.set_attribute("rows", &text.lines().count().min(16).to_string()));
        field.set_text_content(Some(&text));
    }
}

/// Writes the parameters into the address, without going anywhere.
pub(super) fn keep_in_address() {
    let (Some(fields), Ok(kept)) = (fields(), UrlSearchParams::new()) else {
        return;
    };
    for name in ["model", "reasoning_effort", "system"].into_iter().chain(NUMBERS) {
        if let Some(text) = fields.get(name).as_string().filter(|text| !text.is_empty()) {
            kept.append(name, &text);
        }
    }
    let (Ok(history), Ok(path)) = (window().history(), window().location().pathname()) else {
        return;
    };
    let address = format!("{path}?{}", String::from(kept.to_string()));
    // Refused only to pages that do it hundreds of times a minute.
    drop(history.replace_state_with_url(&history.state().unwrap_or_default(), "", Some(&address)));
}

fn fields() -> Option<FormData> {
    FormData::new_with_form(&find::<HtmlFormElement>("#parameters")?).ok()
}
