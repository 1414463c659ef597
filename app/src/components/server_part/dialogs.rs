//! What a browser adds to the server's HTML: dialogs that hold the focus, and buttons that copy.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast as _, closure::Closure};

use super::{
    super::{copy_text, select_text},
    found, target,
};

/// Follows the dialogs in `content`: one that is closed leads back to where it was opened from, but for those that only their
/// own buttons close.
pub(super) fn listen(content: &web_sys::Element, go: impl Fn(&str) + 'static) {
    // Dialogs tell only themselves that they are closed, which is heard on the way down to them.
    let on = |name: &str, listener: Box<dyn Fn(web_sys::Event)>| {
        let listener = Closure::wrap(listener);
        let function = listener.as_ref().unchecked_ref();
        drop(content.add_event_listener_with_callback_and_bool(name, function, true));
        // It lives as long as the element that calls it.
        listener.forget();
    };
    let closed = move |event: web_sys::Event| {
        if let Some(back) = target(&event).and_then(|dialog| dialog.get_attribute("data-back")) {
            go(&back);
        }
    };
    let cancelled = |event: web_sys::Event| {
        if target(&event).is_some_and(|dialog| dialog.has_attribute("data-kept")) {
            event.prevent_default();
        }
    };
    // Browsers let a dialog be closed at the second Escape whatever is said of the first one.
    let escaped = |event: web_sys::Event| {
        let key = event
            .dyn_ref::<web_sys::KeyboardEvent>()
            .map(web_sys::KeyboardEvent::key);
        if key.is_some_and(|key| key == "Escape") && found("dialog[data-kept][open]") {
            event.prevent_default();
        }
    };
    on("keydown", Box::new(escaped));
    on("close", Box::new(closed));
    on("cancel", Box::new(cancelled));
}

/// Makes an open dialog hold the focus; where it has been closed, gives the focus back to the link that opened it.
pub(super) fn attend(opener: Option<&str>) {
    let document = document();
    let dialog = document.query_selector(".part dialog[open]").ok().flatten();
    if let Some(dialog) = dialog.and_then(|dialog| dialog.dyn_into::<web_sys::HtmlDialogElement>().ok()) {
        if !dialog.matches(":modal").unwrap_or(true) {
            drop(dialog.remove_attribute("open"));
            drop(dialog.show_modal());
        }
    } else if let Some(opener) = opener {
        let link = document
            .query_selector(&format!(".part a[href='{opener}']"))
            .ok()
            .flatten();
        if let Some(link) = link.and_then(|link| link.dyn_into::<web_sys::HtmlElement>().ok()) {
            drop(link.focus());
        }
    }
}

/// Makes reloading the page ask for it, where it has come as the answer to a form: nothing is sent once more.
pub(super) fn forget_form() {
    if let (Ok(history), Ok(here)) = (window().history(), window().location().href()) {
        drop(history.replace_state_with_url(&history.state().unwrap_or_default(), "", Some(&here)));
    }
}

/// Copies the text that a pressed button belongs to, and says so on the button and beside it.
pub(super) fn copy(event: &web_sys::MouseEvent) {
    let Some(button) = target(event).and_then(|element| element.closest("[data-copy]").ok().flatten()) else {
        return;
    };
    let id = button.get_attribute("data-copy").unwrap_or_default();
    let word = button.query_selector(".copy__word").ok().flatten();
    let status = button.next_element_sibling();
    if let (Some(source), Some(word), Some(status)) = (document().get_element_by_id(&id), word, status) {
        let text = source.text_content().unwrap_or_default();
        copy_text(text, move |copied| {
            if !copied {
                select_text(&source);
            }
            let outcome = if copied { "Copied" } else { "Selected" };
            word.set_text_content(Some(outcome));
            status.set_text_content(Some(outcome));
        });
    }
}
