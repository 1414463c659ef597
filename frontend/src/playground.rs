//! What moves in the playground: it sends what is written and shows the answer as it comes. The page itself is the server's;
//! its elements are found by their ids, whenever it is open.

use wasm_bindgen::JsCast as _;
use web_sys::{HtmlFormElement, KeyboardEvent};

use self::elements::{find, is, on};

mod answer;
mod chat;
mod elements;
mod objects;
mod raw;
mod request;
mod stream;

/// Listens for as long as the page lives.
pub(crate) fn listen() {
    on("submit", |event| {
        if is(&event, "#composer") {
            event.prevent_default();
            chat::send();
        }
    });
    on("keydown", |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        if key.key() == "Enter" && !key.shift_key() && !key.is_composing() && is(&event, "#composer textarea") {
            event.prevent_default();
            if let Some(form) = find::<HtmlFormElement>("#composer") {
                // Refused only where nothing is written, which the browser says.
                drop(form.request_submit());
            }
        }
    });
    on("click", |event| {
        if is(&event, "#stop") {
            chat::stop();
        } else if is(&event, "#clear") {
            chat::start_over();
        } else if is(&event, "#copies > summary") {
            chat::offer();
        }
    });
    on("input", |event| {
        if is(&event, "#parameters *") {
            request::keep_in_address();
        }
        if is(&event, "#playground *") {
            chat::offer();
        }
    });
}
