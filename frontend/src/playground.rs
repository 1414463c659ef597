//! What moves in the playground: it sends what is written and shows the answer as it comes. The page itself is the server's;
//! its elements are found by their ids, whenever it is open.

use std::cell::RefCell;

use js_sys::{Array, JSON, Object, Reflect};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::{AbortController, Element, Event, HtmlFormElement, HtmlTextAreaElement, KeyboardEvent};

use self::answer::Answer;

mod answer;
mod request;
mod stream;

/// What is said and how it goes on.
#[derive(Default)]
struct Chat {
    /// The messages so far, as a request has them.
    messages: Array,
    /// Ends the answer under way; none while there is none.
    stop: Option<AbortController>,
}

thread_local! {
    static CHAT: RefCell<Chat> = RefCell::default();
}

/// Listens for as long as the page lives.
pub(crate) fn listen() {
    on("submit", |event| {
        if is(&event, "#composer") {
            event.prevent_default();
            send();
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
            stop();
        } else if is(&event, "#clear") {
            stop();
            CHAT.with_borrow_mut(|chat| chat.messages = Array::new());
            for id in ["#conversation", "#raw"] {
                if let Some(element) = find::<Element>(id) {
                    element.set_inner_html("");
                }
            }
            offer();
        } else if is(&event, "#copies > summary") {
            offer();
        }
    });
    on("input", |event| {
        if is(&event, "#parameters *") {
            request::keep_in_address();
        }
        if is(&event, "#playground *") {
            offer();
        }
    });
}

/// Sends what is written, and follows the answer.
fn send() {
    let (Some(field), Some(conversation)) = (
        find::<HtmlTextAreaElement>("#composer textarea"),
        find::<Element>("#conversation"),
    ) else {
        return;
    };
    if CHAT.with_borrow(|chat| chat.stop.is_some()) {
        return;
    }
    let Ok(controller) = AbortController::new() else { return };
    if let Ok(Some(hint)) = conversation.query_selector(".conversation__empty") {
        // The page was opened anew, and shows nothing of what was said before.
        CHAT.with_borrow_mut(|chat| chat.messages = Array::new());
        hint.remove();
    }
    let question = field.value();
    field.set_value("");
    let signal = controller.signal();
    let body = CHAT.with_borrow_mut(|chat| {
        chat.stop = Some(controller);
        chat.messages.push(&message("user", &question));
        request::body(&chat.messages)
    });
    offer();
    let answer = Answer::begin(&conversation, &question);
    show_buttons(true);
    spawn_local(async move {
        let outcome = stream::chat(&body, &signal, |event| answer.take_in(event)).await;
        let failure = outcome.err().filter(|_| !signal.aborted());
        let text = answer.end(failure.as_deref(), signal.aborted());
        CHAT.with_borrow_mut(|chat| {
            chat.stop = None;
            if text.is_empty() {
                chat.messages.pop();
            } else {
                chat.messages.push(&message("assistant", &text));
            }
        });
        show_buttons(false);
    });
}

fn stop() {
    CHAT.with_borrow(|chat| chat.stop.as_ref().map(AbortController::abort));
}

/// One of the two buttons is there: the one that sends, or the one that stops.
fn show_buttons(is_under_way: bool) {
    for (id, hidden) in [("#send", is_under_way), ("#stop", !is_under_way)] {
        if let Some(button) = find::<web_sys::HtmlElement>(id) {
            button.set_hidden(hidden);
        }
    }
    if !is_under_way && let Some(field) = find::<HtmlTextAreaElement>("#composer textarea") {
        drop(field.focus());
    }
}

/// Fills in the request to take away: with what is written, as it would be sent.
fn offer() {
    let messages = CHAT.with_borrow(|chat| chat.messages.slice(0, chat.messages.length()));
    if let Some(field) = find::<HtmlTextAreaElement>("#composer textarea")
        && !field.value().is_empty()
    {
        messages.push(&message("user", &field.value()));
    }
    request::offer(&request::body(&messages));
}

fn message(role: &str, content: &str) -> Object {
    object(&[("role", role.into()), ("content", content.into())])
}

fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        set(&object, name, value);
    }
    object
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // Refused only by objects that are frozen.
    drop(Reflect::set(object, &name.into(), value));
}

/// What a path of names leads to; undefined where there is nothing.
fn get(value: &JsValue, path: &[&str]) -> JsValue {
    path.iter().fold(value.clone(), |value, name| {
        Reflect::get(&value, &(*name).into()).unwrap_or(JsValue::UNDEFINED)
    })
}

fn parse(text: &str) -> Option<JsValue> {
    JSON::parse(text).ok()
}

fn find<T: wasm_bindgen::JsCast>(selector: &str) -> Option<T> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

fn is(event: &Event, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.matches(selector).unwrap_or_default())
}

fn on(name: &str, listener: fn(Event)) {
    let listener = Closure::<dyn Fn(Event)>::new(listener);
    drop(document().add_event_listener_with_callback(name, listener.as_ref().unchecked_ref()));
    // It lives as long as the page.
    listener.forget();
}
