//! Copying text.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, JsValue};

/// Puts a text on the clipboard, and says whether that was allowed: a page over plain HTTP has none.
pub(crate) fn copy_text(text: String, done: impl FnOnce(bool) + 'static) {
    spawn_local(async move {
        done(match clipboard() {
            Some(clipboard) => clipboard.write_text(&text).await.is_ok(),
            None => false,
        });
    });
}

/// Selects the text of an element, so that the keyboard can copy it.
pub(crate) fn select_text(element: &web_sys::Element) {
    if let Some(field) = element.dyn_ref::<web_sys::HtmlTextAreaElement>() {
        field.select();
    } else if let Ok(Some(selection)) = window().get_selection() {
        drop(selection.select_all_children(element));
    }
}

/// The clipboard, where the page is allowed one.
fn clipboard() -> Option<web_sys::Clipboard> {
    let clipboard = window().navigator().clipboard();
    let value: &JsValue = clipboard.as_ref();
    (!value.is_undefined()).then_some(clipboard)
}
