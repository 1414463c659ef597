//! An answer as it is shown.

use std::cell::Cell;

use leptos::prelude::document;
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::{find, get, parse};

/// Events that are shown, at most.
const EVENTS: u32 = 500;

/// An answer under way.
pub(super) struct Answer {
    turn: Element,
    sent_at: f64,
    first_at: Cell<Option<f64>>,
    last_at: Cell<f64>,
    /// Tokens of the prompt and of the answer, once they are told.
    tokens: Cell<Option<(f64, f64)>>,
}

impl Answer {
    /// Shows the question, and the place for the answer.
    pub(super) fn begin(conversation: &Element, question: &str) -> Self {
        let place = |class: &str, inside: &str| {
            // Refused only for names that are none.
            let turn = document()
                .create_element("article")
                .unwrap_or_else(|_| conversation.clone());
            turn.set_class_name(class);
            turn.set_inner_html(inside);
            drop(conversation.append_child(&turn));
            turn
        };
        place("turn turn--question", "").set_text_content(Some(question));
        let turn = place(
            "turn turn--answer",
            "<details class=\"turn__thinking\" open hidden><summary>Thinking</summary><p></p></details>\
             <p class=\"turn__text\"></p><p class=\"turn__figures\">Waiting for the first token</p>",
        );
        drop(turn.set_attribute("aria-busy", "true"));
        turn.scroll_into_view_with_bool(false);
        if let Some(raw) = find::<Element>("#raw") {
            raw.set_inner_html("");
        }
        let now = js_sys::Date::now();
        Self {
            turn,
            sent_at: now,
            first_at: Cell::new(None),
            last_at: Cell::new(now),
            tokens: Cell::new(None),
        }
    }

    /// Adds what an event brings.
    pub(super) fn take_in(&self, data: &str) {
        show_raw(data);
        let Some(event) = parse(data) else { return };
        let choice = get(&event, &["choices", "0", "delta"]);
        let text = |name| get(&choice, &[name]).as_string().filter(|text| !text.is_empty());
        if let Some(thinking) = text("reasoning").or_else(|| text("reasoning_content")) {
            if let Some(details) = self.part(".turn__thinking") {
                drop(details.remove_attribute("hidden"));
            }
            self.add(".turn__thinking p", &thinking);
        }
        if let Some(text) = text("content") {
            self.add(".turn__text", &text);
        }
        let count = |name| get(&event, &["usage", name]).as_f64();
        if let (Some(prompt), Some(answer)) = (count("prompt_tokens"), count("completion_tokens")) {
            self.tokens.set(Some((prompt, answer)));
        }
        if let Some(message) = get(&event, &["error", "message"]).as_string() {
            self.complain(&message);
        }
    }

    /// Says how long it took; gives its text.
    pub(super) fn end(&self, failure: Option<&str>, was_stopped: bool) -> String {
        if let Some(failure) = failure {
            self.complain(failure);
        }
        drop(self.turn.remove_attribute("aria-busy"));
        if let Some(figures) = self.part(".turn__figures") {
            figures.set_text_content(Some(&self.figures(was_stopped)));
        }
        let text = self.part(".turn__text");
        text.and_then(|text| text.text_content()).unwrap_or_default()
    }

    fn figures(&self, was_stopped: bool) -> String {
        let mut figures = Vec::new();
        if was_stopped {
            figures.push("stopped".to_owned());
        }
        if let Some(first) = self.first_at.get() {
            figures.push(format!("first token after {:.0} ms", first - self.sent_at));
            if let Some((prompt, answer)) = self.tokens.get() {
                figures.push(format!("{prompt} tokens in, {answer} out"));
                let seconds = (self.last_at.get() - first) / 1000.0;
                if seconds > 0.0 {
                    figures.push(format!("{:.0} tokens/s", answer / seconds));
                }
            }
        }
        figures.join(" · ")
    }

    fn add(&self, selector: &str, text: &str) {
        let now = js_sys::Date::now();
        self.last_at.set(now);
        if self.first_at.get().is_none() {
            self.first_at.set(Some(now));
            if let Some(figures) = self.part(".turn__figures") {
                figures.set_text_content(Some(&self.figures(false)));
            }
        }
        if let Some(part) = self.part(selector) {
            append(&part, text);
            self.turn.scroll_into_view_with_bool(false);
        }
    }

    fn complain(&self, message: &str) {
        let notice = "<div class=\"notice\" data-tone=\"bad\" role=\"alert\"><p></p></div>";
        // Refused only for elements outside of the document.
        drop(self.turn.insert_adjacent_html("beforeend", notice));
        if let Some(words) = self.part(".notice:last-child p") {
            words.set_text_content(Some(message));
        }
    }

    fn part(&self, selector: &str) -> Option<Element> {
        self.turn.query_selector(selector).ok().flatten()
    }
}

/// Shows an event as it came; the oldest make room.
fn show_raw(data: &str) {
    let Some(raw) = find::<Element>("#raw") else { return };
    append(&raw, &format!("{data}\n"));
    if raw.child_nodes().length() > EVENTS
        && let Some(oldest) = raw.first_child()
    {
        drop(raw.remove_child(&oldest));
    }
    raw.set_scroll_top(raw.scroll_height());
}

fn append(element: &Element, text: &str) {
    let nodes = js_sys::Array::of1(&JsValue::from_str(text));
    drop(element.append_with_str(&nodes));
}
