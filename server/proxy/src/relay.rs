//! A stream on its way to the caller: event by event, metered, and settled exactly once.
//!
//! Nothing is held back but the event that ends the stream: it is given to the caller when the usage record is safe.

use std::{
    fmt::Display,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};
use worv_core::{
    id::RequestId,
    usage::{Durable, Outcome},
};

pub(crate) use self::grammar::Grammar;
use self::{
    grammar::{End, Step},
    output::Output,
};
use crate::{rewording::Rewording, server_sent_events::Splitter, settlement::Settlement};

mod chat;
mod grammar;
mod messages;
mod output;
mod responses;
mod shape;
#[cfg(test)]
mod tests;
mod translated;

/// How long the engine may take to close a stream after its last event, before its connection is given up.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// The body of a streamed answer. Dropping it drops the engine's connection, which makes the engine stop.
pub(crate) struct Relay<B> {
    upstream: Option<B>,
    splitter: Splitter,
    grammar: Grammar,
    settlement: Settlement,
    phase: Phase,
    request_id: RequestId,
    /// What is changed in the words of each event.
    rewording: Rewording,
    keep_alive: Duration,
    /// Keep-alive while streaming, a bound on closing afterwards.
    timer: Pin<Box<Sleep>>,
    /// When some of the answer was last sent.
    last_sent: Instant,
}

enum Phase {
    Streaming,
    /// The record is being made safe; then these bytes end the stream.
    Settling {
        durable: Durable,
        last: Bytes,
    },
    /// Everything is sent; the engine's connection is read to its end, so that it can be used again.
    Closing,
}

impl<B> Relay<B>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    pub(crate) fn new(
        upstream: B,
        grammar: Grammar,
        settlement: Settlement,
        request_id: RequestId,
        rewording: Rewording,
        keep_alive: Duration,
    ) -> Self {
        Self {
            upstream: Some(upstream),
            splitter: Splitter::default(),
            grammar,
            settlement,
            phase: Phase::Streaming,
            request_id,
            rewording,
            keep_alive,
            timer: Box::pin(sleep(keep_alive)),
            last_sent: Instant::now(),
        }
    }

    fn poll_streaming(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            let Poll::Ready(chunk) = self.poll_upstream(context) else {
                return self.poll_keep_alive(context);
            };
            let out = if let Some(chunk) = chunk {
                self.relay(&chunk)
            } else {
                self.end(End::BrokeOff);
                Bytes::new()
            };
            if !out.is_empty() || !matches!(self.phase, Phase::Streaming) {
                return Poll::Ready(out);
            }
        }
    }

    /// What becomes of a chunk. An end leaves the streaming phase.
    fn relay(&mut self, chunk: &Bytes) -> Bytes {
        let (mut output, mut end) = (Output::new(chunk.clone()), None);
        let split = self.splitter.split(chunk, |event| {
            let event = &*self.rewording.apply(event);
            if end.is_none()
                && let Step::End(ending) = self.grammar.step(event, &mut self.settlement, &mut output)
            {
                end = Some(ending);
            }
        });
        if split.is_err() {
            end = Some(End::BrokeOff);
        }
        let (out, now) = (output.into_bytes(), Instant::now());
        // Before the end, which may come in the same chunk and takes the record.
        self.settlement.note_progress(now);
        if !out.is_empty() {
            self.settlement.note_sending(now);
            self.last_sent = now;
        }
        if let Some(end) = end {
            self.end(end);
        }
        out
    }

    fn end(&mut self, end: End) {
        let (outcome, last) = match end {
            End::Complete(last) => (Outcome::Done, last),
            End::Failed { outcome, last } => (outcome, last),
            End::BrokeOff => {
                self.upstream = None;
                (Outcome::EngineFailed, self.grammar.broke_off())
            }
        };
        self.phase = Phase::Settling {
            durable: self.settlement.settle(outcome),
            last,
        };
    }

    /// The next chunk of the engine's answer; none at its end, and when it breaks.
    fn poll_upstream(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(upstream) = &mut self.upstream else {
            return Poll::Ready(None);
        };
        loop {
            match ready!(Pin::new(&mut *upstream).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(data));
                    }
                }
                Some(Err(error)) => {
                    tracing::warn!(request_id = %self.request_id, %error, "the engine broke off");
                    self.upstream = None;
                    return Poll::Ready(None);
                }
                None => {
                    self.upstream = None;
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn poll_keep_alive(&mut self, context: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            let due = self.last_sent + self.keep_alive;
            let now = Instant::now();
            if due > now {
                self.timer.as_mut().reset(due);
            } else {
                self.timer.as_mut().reset(now + self.keep_alive);
                return Poll::Ready(self.grammar.keep_alive());
            }
        }
    }

    /// Reads and drops what the engine still sends. Ready at its end.
    fn poll_closing(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while ready!(self.poll_upstream(context)).is_some() {}
        Poll::Ready(())
    }
}

impl<B> Body for Relay<B>
where
    B: Body<Data = Bytes, Error: Display> + Unpin,
{
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        loop {
            let out = match &mut this.phase {
                Phase::Streaming => ready!(this.poll_streaming(context)),
                Phase::Settling { durable, last } => {
                    if durable.as_mut().poll(context).is_pending() {
                        // The engine's last bytes arrive meanwhile; which of the two comes first does not matter.
                        let _closed = this.poll_closing(context);
                        return Poll::Pending;
                    }
                    let last = std::mem::take(last);
                    this.timer.as_mut().reset(Instant::now() + CLOSING_TIME);
                    this.phase = Phase::Closing;
                    last
                }
                Phase::Closing => {
                    if this.poll_closing(context).is_pending() {
                        ready!(this.timer.as_mut().poll(context));
                        this.upstream = None;
                    }
                    return Poll::Ready(None);
                }
            };
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out))));
            }
        }
    }
}
