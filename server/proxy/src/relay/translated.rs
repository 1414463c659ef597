//! Streams of chat completions on their way to a caller of the Messages API.

use bytes::Bytes;
use worv_core::id::RequestId;

use super::{
    grammar::{End, Step},
    messages::error_event,
    output::Output,
};
use crate::{
    dialect::Dialect, engine_complaint::EngineComplaint, error::ApiError, messages_translation::TranslatedStream,
    settlement::Settlement,
};

/// What is remembered of one stream.
#[derive(Debug)]
pub(crate) struct Translated {
    request_id: RequestId,
    stream: TranslatedStream,
}

impl Translated {
    pub(super) fn new(request_id: RequestId) -> Self {
        Self {
            request_id,
            stream: TranslatedStream::new(request_id),
        }
    }

    /// Whether `message_start` has been sent.
    pub(super) fn has_started(&self) -> bool {
        self.stream.has_started()
    }

    pub(super) fn step(&mut self, event: &[u8], settlement: &mut Settlement, output: &mut Output) -> Step {
        let Some(data) = event.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else {
            output.pass(event);
            return Step::Continue;
        };
        let mut events = Vec::new();
        if data == b"[DONE]" {
            let last = self.stream.end(&mut events);
            output.write(&events);
            return Step::End(last.map_or(End::BrokeOff, |last| End::Complete(last.into())));
        }
        if data.starts_with(br#"{"error""#) {
            let complaint = EngineComplaint::in_stream(data);
            let outcome = complaint.outcome();
            let last = self.error_event(&complaint.into_error(Dialect::Anthropic));
            return Step::End(End::Failed { outcome, last });
        }
        let Some(chunk) = self.stream.chunk(data, &mut events) else {
            return Step::End(End::BrokeOff);
        };
        match chunk.counts {
            Some(counts) => settlement.observe(counts),
            None if chunk.spoke => settlement.observe_piece(),
            None => {}
        }
        output.write(&events);
        Step::Continue
    }

    /// The event that makes the caller's SDK raise an error.
    pub(super) fn error_event(&self, error: &ApiError) -> Bytes {
        error_event(error, self.request_id)
    }
}
