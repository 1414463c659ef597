//! The one usage record of each admitted request, however it ends.

use std::{future::ready, sync::Arc, time::Duration};

use http::{HeaderValue, StatusCode};
use tokio::time::Instant;
use worv_core::{
    Clock, UnixMillis,
    id::RequestId,
    usage::{ClientKind, Durable, Endpoint, Outcome, UsageRecord, UsageSink},
};

use crate::{
    Gateway,
    admission::Admission,
    counters::{Counters, InFlight},
    piece_rate::PieceRate,
    token_counts::TokenCounts,
    trace::Trace,
};

/// The status noted for a caller who left before there was an answer (nginx's convention; it is never sent).
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Stands in a record for a status that is not known yet.
const UNKNOWN: u16 = 0;

/// How often the sink hears how far a request has come.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// A request under way. Dropping it unsettled records that the caller left: that is what drops a handler or a body.
pub(crate) struct Settlement {
    usage: Arc<dyn UsageSink>,
    counters: Arc<Counters>,
    /// Taken when it is settled.
    record: Option<UsageRecord>,
    /// Completion tokens that the live counter has been given.
    counted: u64,
    clock: Clock,
    /// What the request holds of its key's limits and of the engine; given back when it is settled.
    admission: Option<Admission>,
    rate: Arc<PieceRate>,
    /// Pieces of the answer that came without a word of what has been used.
    pieces: u64,
    /// When the sink last heard of it.
    noted: Instant,
    /// How many of them there were when the engine last said how much it had generated.
    reported_at: Option<u64>,
    started: Instant,
    received: Instant,
    /// Tokens that the prompt is taken to have while the engine has not said how many they are.
    prompt_estimate: u64,
    /// Whether the engine has been given the request.
    sent: bool,
    trace: Option<Box<Trace>>,
    _in_flight: InFlight,
}

/// What is known of a request when it is admitted.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) admission: Option<Admission>,
    pub(crate) request_id: RequestId,
    pub(crate) key: worv_core::key::KeyId,
    pub(crate) endpoint: Endpoint,
    pub(crate) requested_model: String,
    pub(crate) served_model: String,
    pub(crate) stream: bool,
    /// When the request's head had been read, by the wall clock.
    pub(crate) started_at: UnixMillis,
    /// The same moment, by the clock that durations are taken from.
    pub(crate) started: Instant,
    /// When all of the request had been read.
    pub(crate) received: Instant,
    /// How long it has waited for its turn.
    pub(crate) queued: Duration,
    pub(crate) client: ClientKind,
    /// Tokens that the answer may have, if any are generated, and whether the caller had asked for more.
    pub(crate) granted_tokens: Option<u64>,
    pub(crate) clamped: bool,
    /// Tokens that the prompt is taken to have until the engine says how many they are.
    pub(crate) prompt_estimate: u64,
    /// Who in a chat front end is asking.
    pub(crate) chat_user: Option<String>,
}

impl Settlement {
    /// Admits a request: from here on there will be one record of it.
    pub(crate) fn admit(gateway: &Gateway, admitted: Admitted) -> Self {
        let begun = UsageRecord::begun(
            admitted.request_id,
            admitted.key,
            admitted.endpoint,
            admitted.started_at,
        );
        let record = UsageRecord {
            requested_model: admitted.requested_model,
            served_model: admitted.served_model,
            stream: admitted.stream,
            queue_ms: milliseconds(admitted.queued),
            client: admitted.client,
            granted_tokens: admitted.granted_tokens,
            clamped: admitted.clamped,
            chat_user: admitted.chat_user,
            ..begun
        };
        gateway.usage.begin(&record);
        Self {
            usage: Arc::clone(&gateway.usage),
            counters: Arc::clone(&gateway.counters),
            counted: 0,
            clock: gateway.clock.clone(),
            admission: admitted.admission,
            rate: Arc::clone(&gateway.piece_rate),
            pieces: 0,
            noted: admitted.received,
            reported_at: None,
            started: admitted.started,
            received: admitted.received,
            prompt_estimate: admitted.prompt_estimate,
            sent: false,
            trace: None,
            _in_flight: gateway.counters.admit(),
            record: Some(record),
        }
    }

    /// Tells of it in `trace` as well, and gives what the engine is to be told of that.
    pub(crate) fn trace(&mut self, trace: Option<Box<Trace>>) -> Option<HeaderValue> {
        self.trace = trace;
        self.trace.as_ref().map(|trace| trace.for_engine())
    }

    /// Notes that the request goes to the engine now.
    pub(crate) fn note_sent(&mut self) {
        self.sent = true;
        if let Some(trace) = &mut self.trace {
            trace.note_sent(self.started);
        }
        if let Some(record) = &mut self.record {
            let queued = Duration::from_millis(record.queue_ms.into());
            let overhead = self.received.elapsed().saturating_sub(queued).as_micros();
            record.overhead_us = u32::try_from(overhead).unwrap_or(u32::MAX);
        }
    }

    /// Notes the status that the caller sees.
    pub(crate) fn set_status(&mut self, status: StatusCode) {
        if let Some(record) = &mut self.record {
            record.status = status.as_u16();
        }
    }

    /// Notes that something of the answer's body goes to the caller at `now`; the first such moment is kept.
    pub(crate) fn note_sending(&mut self, now: Instant) {
        if let Some(record) = &mut self.record
            && record.first_byte_ms.is_none()
        {
            record.first_byte_ms = Some(milliseconds(now - self.started));
        }
    }

    /// Takes what the engine says has been used so far.
    pub(crate) fn observe(&mut self, counts: TokenCounts) {
        if counts.completion.is_some() {
            self.reported_at = Some(self.pieces);
        }
        self.count(counts);
    }

    /// Counts a piece of the answer, where the engine sends text without saying how much has been used.
    pub(crate) fn observe_piece(&mut self) {
        self.pieces += 1;
        self.count(TokenCounts {
            completion: Some(self.rate.tokens(self.pieces)),
            ..TokenCounts::default()
        });
    }

    fn count(&mut self, counts: TokenCounts) {
        let Some(record) = &mut self.record else { return };
        record.prompt_tokens = counts.prompt.unwrap_or(record.prompt_tokens);
        record.cached_tokens = counts.cached.unwrap_or(record.cached_tokens);
        record.completion_tokens = counts.completion.unwrap_or(record.completion_tokens);
        record.reasoning_tokens = counts.reasoning.unwrap_or(record.reasoning_tokens);
    }

    /// Tells the live counter, and now and then the sink, how far the request has come by `now`. To be called once for
    /// all of the answer that arrived together: both are shared by all requests.
    pub(crate) fn note_progress(&mut self, now: Instant) {
        let Some(record) = &mut self.record else { return };
        add_completion_tokens(&self.counters, &mut self.counted, record);
        if now - self.noted >= NOTE_EVERY {
            self.noted = now;
            record.duration_ms = milliseconds(now - self.started);
            self.usage.progress(record);
        }
    }

    /// Hands the record over. The future resolves when it is safe; the end of the answer must wait for that.
    /// Only the first call counts.
    pub(crate) fn settle(&mut self, outcome: Outcome) -> Durable {
        let Some(mut record) = self.record.take() else {
            return Box::pin(ready(()));
        };
        record.outcome = outcome;
        if record.status == UNKNOWN {
            record.status = CLIENT_CLOSED_REQUEST;
        }
        record.duration_ms = milliseconds(self.started.elapsed());
        // Whoever leaves before the engine has told the prompt's length has made it read the prompt all the same.
        if outcome == Outcome::ClientLeft && self.sent && record.prompt_tokens == 0 {
            record.prompt_tokens = self.prompt_estimate;
        }
        if outcome == Outcome::Done && self.reported_at == Some(self.pieces) {
            self.rate.learn(self.pieces, record.completion_tokens);
        }
        if let Some(admission) = self.admission.take() {
            admission.settle(record.prompt_tokens + record.completion_tokens, self.clock.now());
        }
        add_completion_tokens(&self.counters, &mut self.counted, &record);
        self.counters.add_prompt_tokens(record.prompt_tokens);
        if outcome == Outcome::EngineFailed {
            self.counters.add_engine_failure();
        }
        tracing::debug!(
            request_id = %record.request_id,
            key_id = %record.key,
            endpoint = %record.endpoint,
            %outcome,
            status = record.status,
            duration_ms = record.duration_ms,
            "request ended"
        );
        if let Some(trace) = self.trace.take() {
            trace.end(self.started, self.received, &record);
        }
        self.usage.record(record)
    }
}

impl Drop for Settlement {
    fn drop(&mut self) {
        if self.record.is_some() {
            // Nobody is left to wait for it; the sink has it all the same.
            drop(self.settle(Outcome::ClientLeft));
        }
    }
}

/// Gives the live counter what has been generated since it was last given something.
fn add_completion_tokens(counters: &Counters, counted: &mut u64, record: &UsageRecord) {
    if record.completion_tokens > *counted {
        counters.add_completion_tokens(record.completion_tokens - *counted);
        *counted = record.completion_tokens;
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
