//! An answer as it is shown.

use leptos::prelude::{document, window};
use web_sys::Element;

use self::figures::Figures;
use super::{
    elements::append,
    objects::{get, parse},
    raw,
};

mod figures;

/// How far below the view its end may be and still be followed, in CSS pixels: about what one event adds.
const NEAR_END: f64 = 120.0;

/// An answer under way.
pub(super) struct Answer {
    turn: Element,
    figures: Figures,
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
        raw::empty();
        let figures = Figures::begin();
        Self { turn, figures }
    }

    /// Adds what an event brings.
    pub(super) fn take_in(&self, data: &str) {
        raw::show(data);
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
            self.figures.count(prompt, answer);
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
        self.show_figures(was_stopped);
        let text = self.part(".turn__text");
        text.and_then(|text| text.text_content()).unwrap_or_default()
    }

    fn show_figures(&self, was_stopped: bool) {
        if let Some(place) = self.part(".turn__figures") {
            place.set_text_content(Some(&self.figures.words(was_stopped)));
        }
    }

    fn add(&self, selector: &str, text: &str) {
        if self.figures.arrive() {
            self.show_figures(false);
        }
        if let Some(part) = self.part(selector) {
            let follows = self.end_is_in_view();
            append(&part, text);
            if follows {
                self.turn.scroll_into_view_with_bool(false);
            }
        }
    }

    /// Whoever has scrolled away from the end is reading something else.
    fn end_is_in_view(&self) -> bool {
        let height = window().inner_height().ok().and_then(|height| height.as_f64());
        height.is_none_or(|height| self.turn.get_bounding_client_rect().bottom() <= height + NEAR_END)
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
