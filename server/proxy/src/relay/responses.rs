//! Streams of responses: named events from `response.created` to `response.completed`, `.incomplete` or `.failed`.
//!
//! The engine says only at the end what was used. Until then its deltas are counted (`piece_rate`), which is what a
//! stream that is cut short is charged.

use bytes::Bytes;
use worv_core::usage::Outcome;

use super::{
    grammar::{End, Step},
    output::Output,
};
use crate::{
    engine_complaint::EngineComplaint,
    error::ApiError,
    json::{Object, quoted},
    server_sent_events::name_and_data,
    settlement::Settlement,
    token_counts::TokenCounts,
};

/// What is remembered of one stream.
#[derive(Debug, Default)]
pub(crate) struct Responses {
    /// Events that have passed: the number of the next one.
    passed: u64,
}

impl Responses {
    pub(super) fn step(&mut self, event: &[u8], settlement: &mut Settlement, output: &mut Output) -> Step {
        let (name, data) = name_and_data(event);
        match name {
            b"response.completed" | b"response.incomplete" => {
                observe(settlement, data);
                return Step::End(End::Complete(Bytes::copy_from_slice(event)));
            }
            b"response.failed" => {
                observe(settlement, data);
                return failed(Outcome::EngineFailed, event);
            }
            b"error" => return failed(EngineComplaint::in_stream(data).outcome(), event),
            _ if name.ends_with(b".delta") => settlement.observe_piece(),
            _ => {}
        }
        self.passed += 1;
        output.pass(event);
        Step::Continue
    }

    /// The event that makes the caller's SDK raise an error.
    pub(super) fn error_event(&self, error: &ApiError) -> Bytes {
        let (number, message) = (self.passed, quoted(&error.message));
        let code = error.code.map_or_else(|| "null".to_owned(), quoted);
        format!("event: error\ndata: {{\"type\":\"error\",\"code\":{code},\"message\":{message},\"param\":null,\"sequence_number\":{number}}}\n\n").into()
    }
}

fn failed(outcome: Outcome, event: &[u8]) -> Step {
    Step::End(End::Failed {
        outcome,
        last: Bytes::copy_from_slice(event),
    })
}

/// Takes the usage from a last event.
fn observe(settlement: &mut Settlement, data: &[u8]) {
    let event = str::from_utf8(data).ok().and_then(|data| Object::parse(data).ok());
    let response = event.and_then(|event| Object::parse(event.get("response")?).ok());
    let counts = response.and_then(|response| TokenCounts::from_responses(response.get("usage")?.as_bytes()));
    if let Some(counts) = counts {
        settlement.observe(counts);
    }
}
