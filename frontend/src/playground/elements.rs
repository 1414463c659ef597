//! The elements of the page, by their selectors, and what happens to them.

use js_sys::Array;
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, Event};

/// The first element of that selector, if the page has it.
pub(super) fn find<T: JsCast>(selector: &str) -> Option<T> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// Takes out what is in that element.
pub(super) fn empty(selector: &str) {
    if let Some(element) = find::<Element>(selector) {
        element.set_inner_html("");
    }
}

/// Puts a text at the end of an element.
pub(super) fn append(element: &Element, text: &str) {
    let nodes = Array::of1(&JsValue::from_str(text));
    drop(element.append_with_str(&nodes));
}

/// Whether an event happened to an element of that selector.
pub(super) fn is(event: &Event, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.matches(selector).unwrap_or_default())
}

/// Listens to the events of that name.
pub(super) fn on(name: &str, listener: fn(Event)) {
    let listener = Closure::<dyn Fn(Event)>::new(listener);
    drop(document().add_event_listener_with_callback(name, listener.as_ref().unchecked_ref()));
    // It lives as long as the page.
    listener.forget();
}
