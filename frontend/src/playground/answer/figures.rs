//! How long an answer took, and how fast it came.

use std::cell::Cell;

use app::whole;
use js_sys::Date;

/// What is measured of an answer; moments are in Unix milliseconds.
pub(super) struct Figures {
    sent_at: f64,
    first_at: Cell<Option<f64>>,
    last_at: Cell<f64>,
    /// Tokens of the prompt and of the answer, once they are told.
    tokens: Cell<Option<(f64, f64)>>,
}

impl Figures {
    /// The request is sent now.
    pub(super) fn begin() -> Self {
        let now = Date::now();
        Self {
            sent_at: now,
            first_at: Cell::new(None),
            last_at: Cell::new(now),
            tokens: Cell::new(None),
        }
    }

    /// A part of the answer is here; tells whether it is the first.
    pub(super) fn arrive(&self) -> bool {
        let now = Date::now();
        self.last_at.set(now);
        let is_first = self.first_at.get().is_none();
        if is_first {
            self.first_at.set(Some(now));
        }
        is_first
    }

    /// The tokens of the prompt and of the answer are told.
    pub(super) fn count(&self, prompt: f64, answer: f64) {
        self.tokens.set(Some((prompt, answer)));
    }

    /// What is known so far.
    pub(super) fn words(&self, was_stopped: bool) -> String {
        let mut figures = Vec::new();
        if was_stopped {
            figures.push("stopped".to_owned());
        }
        if let Some(first) = self.first_at.get() {
            figures.push(format!("first token after {} ms", whole(first - self.sent_at)));
            if let Some((prompt, answer)) = self.tokens.get() {
                figures.push(format!("{} tokens in, {} out", whole(prompt), whole(answer)));
                let seconds = (self.last_at.get() - first) / 1000.0;
                if seconds > 0.0 {
                    figures.push(format!("{} tokens/s", whole(answer / seconds)));
                }
            }
        }
        figures.join(" · ")
    }
}
