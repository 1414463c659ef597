//! Streams of messages: named events from `message_start` to `message_stop`.
//!
//! The engine says at the beginning what the prompt took and at the end what was generated. Until then the
//! pieces of content blocks are counted (`piece_rate`), which is what a stream that is cut short is charged.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem;
use worv_core::id::RequestId;

use super::{
    grammar::{End, Step},
    output::Output,
};
use crate::{
    dialect::Dialect,
    engine_complaint::EngineComplaint,
    error::ApiError,
    json::{Edit, Object},
    server_sent_events::name_and_data,
    settlement::Settlement,
    token_counts::TokenCounts,
};

/// What is remembered of one stream.
#[derive(Debug)]
pub(crate) struct Messages {
    request_id: RequestId,
    started: bool,
}

impl Messages {
    pub(super) fn new(request_id: RequestId) -> Self {
        Self {
            request_id,
            started: false,
        }
    }

    /// Whether `message_start` has been sent.
    pub(super) fn has_started(&self) -> bool {
        self.started
    }

    pub(super) fn step(&mut self, event: &[u8], settlement: &mut Settlement, output: &mut Output) -> Step {
        let (name, data) = name_and_data(event);
        match name {
            b"message_start" => {
                self.started = true;
                return start(event, data, settlement, output);
            }
            b"content_block_delta" if memmem::find(data, b"\"signature_delta\"").is_none() => {
                settlement.observe_piece();
            }
            b"message_delta" => observe(settlement, data, |delta| delta.get("usage")),
            b"message_stop" => return Step::End(End::Complete(Bytes::copy_from_slice(event))),
            b"error" => {
                // In Anthropic's vocabulary, whatever the engine's version calls it.
                let complaint = EngineComplaint::in_stream(data);
                let outcome = complaint.outcome();
                let last = self.error_event(&complaint.into_error(Dialect::Anthropic));
                return Step::End(End::Failed { outcome, last });
            }
            _ => {}
        }
        output.pass(event);
        Step::Continue
    }

    /// The event that makes the caller's SDK raise an error.
    pub(super) fn error_event(&self, error: &ApiError) -> Bytes {
        error_event(error, self.request_id)
    }
}

/// The event that makes an Anthropic SDK raise an error.
pub(super) fn error_event(error: &ApiError, request_id: RequestId) -> Bytes {
    let body = error.anthropic_body(request_id);
    [b"event: error\ndata: ", &body[..], b"\n\n"].concat().into()
}

/// Takes the first event. Up to 0.22 the engine leaves out `type` and `role`, without which clients begin anew for ever.
fn start(event: &[u8], data: &[u8], settlement: &mut Settlement, output: &mut Output) -> Step {
    const MISSING: [Edit<'_>; 2] = [
        ("type", Some(Cow::Borrowed("\"message\""))),
        ("role", Some(Cow::Borrowed("\"assistant\""))),
    ];
    observe(settlement, data, |start| {
        Object::parse(start.get("message")?).ok()?.get("usage")
    });
    let start = str::from_utf8(data).ok().and_then(|data| Object::parse(data).ok());
    let message = start
        .as_ref()
        .and_then(|start| Object::parse(start.get("message")?).ok());
    match (start, message) {
        (Some(start), Some(message)) if message.get("type").is_none() || message.get("role").is_none() => {
            let repaired = start.with(&[("message", Some(message.with(&MISSING).into()))]);
            output.write(b"event: message_start\ndata: ");
            output.write(repaired.as_bytes());
            output.write(b"\n\n");
        }
        _ => output.pass(event),
    }
    Step::Continue
}

/// Takes the usage from an event's data.
fn observe<'a>(settlement: &mut Settlement, data: &'a [u8], usage: impl FnOnce(&Object<'a>) -> Option<&'a str>) {
    let object = str::from_utf8(data).ok().and_then(|data| Object::parse(data).ok());
    let counts = object.and_then(|object| TokenCounts::from_anthropic(usage(&object)?.as_bytes()));
    if let Some(counts) = counts {
        settlement.observe(counts);
    }
}
