//! What OpenAI's two older streams, chat completions and completions, have in common.

use serde::Serialize;

use super::{errors::ApiError, generation::Batch, python_json};

/// The event that ends a stream.
pub(super) const DONE: &str = "data: [DONE]\n\n";

/// How many choices of a stream are still being generated.
pub(super) struct OpenChoices(u32);

impl OpenChoices {
    pub(super) fn new(choices: u32) -> Self {
        Self(choices)
    }

    /// Counts the choice that `batch` finishes, if it finishes one. True once all are.
    pub(super) fn close(&mut self, batch: &Batch) -> bool {
        self.0 -= u32::from(batch.finish.is_some());
        self.0 == 0
    }
}

/// One event.
pub(super) fn event(chunk: &impl Serialize) -> String {
    let json = serde_json::to_string(chunk).unwrap_or_default();
    format!("data: {json}\n\n")
}

/// The events that end a stream when the engine fails.
pub(super) fn failure() -> Vec<String> {
    let error = ApiError::engine_failed();
    let event = format!("data: {}\n\n", python_json::to_string(&error.openai()));
    vec![event, DONE.to_owned()]
}
