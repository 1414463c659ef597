//! The conversation: what was said, what is said next, and the answer under way.

use std::cell::RefCell;

use js_sys::Array;
use leptos::task::spawn_local;
use web_sys::{AbortController, Element, HtmlElement, HtmlTextAreaElement};

use super::{
    answer::Answer,
    elements::{empty, find},
    objects::message,
    raw, request, stream,
};

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

/// Sends what is written, and follows the answer.
pub(super) fn send() {
    let (Some(field), Some(conversation)) = (field(), find::<Element>("#conversation")) else {
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
    let (body, messages) = CHAT.with_borrow_mut(|chat| {
        chat.stop = Some(controller);
        chat.messages.push(&message("user", &question));
        (request::body(&chat.messages), chat.messages.clone())
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
            // Where it was started over meanwhile, these are no longer the chat's.
            if text.is_empty() {
                messages.pop();
            } else {
                messages.push(&message("assistant", &text));
            }
        });
        show_buttons(false);
    });
}

/// Ends the answer under way, if there is one.
pub(super) fn stop() {
    CHAT.with_borrow(|chat| chat.stop.as_ref().map(AbortController::abort));
}

/// Forgets what was said.
pub(super) fn start_over() {
    stop();
    CHAT.with_borrow_mut(|chat| chat.messages = Array::new());
    empty("#conversation");
    raw::empty();
    offer();
}

/// Fills in the request to take away: with what is written, as it would be sent.
pub(super) fn offer() {
    let messages = CHAT.with_borrow(|chat| chat.messages.slice(0, chat.messages.length()));
    if let Some(field) = field()
        && !field.value().is_empty()
    {
        messages.push(&message("user", &field.value()));
    }
    request::offer(&request::body(&messages));
}

/// One of the two buttons is there: the one that sends, or the one that stops.
fn show_buttons(is_under_way: bool) {
    for (id, hidden) in [("#send", is_under_way), ("#stop", !is_under_way)] {
        if let Some(button) = find::<HtmlElement>(id) {
            button.set_hidden(hidden);
        }
    }
    if !is_under_way && let Some(field) = field() {
        drop(field.focus());
    }
}

/// Where the next question is written.
fn field() -> Option<HtmlTextAreaElement> {
    find("#composer textarea")
}
