//! Requests that are traced: which ones, what the engine is told, and what is told of them in the end.

use std::{fmt::Debug, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use tokio::time::Instant;
use worv_core::{
    Entropy,
    trace::{SpanId, TraceId, TraceParent},
    usage::UsageRecord,
};

use crate::fields::Fields;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Takes what is known of traced requests.
pub trait TraceSink: Debug + Send + Sync {
    /// Takes one that has ended. Never waits.
    fn ended(&self, request: TracedRequest);
}

/// Which requests are traced. Those that come with a sampled `traceparent` are, those with one that is not are not.
#[derive(Clone, Debug)]
pub struct Tracing {
    /// Who is told.
    pub sink: Arc<dyn TraceSink>,
    /// The share of requests without a `traceparent` that begin a trace, from 0 to 1.
    pub ratio: f64,
}

/// A traced request that has ended. Durations are from its start.
#[derive(Clone, Debug)]
pub struct TracedRequest {
    /// The trace.
    pub trace: TraceId,
    /// The caller's span, if the caller began the trace.
    pub parent: Option<SpanId>,
    /// Our span.
    pub request: SpanId,
    /// The span of the engine's part, which the engine has been given for its parent.
    pub engine: SpanId,
    /// When all of the request had been read.
    pub received: Duration,
    /// When it went to the engine.
    pub sent: Option<Duration>,
    /// When it ended.
    pub ended: Duration,
    /// What is recorded of it.
    pub usage: UsageRecord,
}

/// A traced request under way.
#[derive(Debug)]
pub(crate) struct Trace {
    sink: Arc<dyn TraceSink>,
    id: TraceId,
    parent: Option<SpanId>,
    request: SpanId,
    engine: SpanId,
    sent: Option<Duration>,
}

impl Tracing {
    /// A trace for a request with these headers, if it is to be traced.
    pub(crate) fn begin(&self, headers: &Fields, entropy: &Entropy) -> Option<Box<Trace>> {
        let parent = headers.text(&TRACEPARENT).and_then(TraceParent::parse);
        let drawn = u128::from_le_bytes(entropy.bytes());
        let (id, parent) = match parent {
            Some(parent) if parent.sampled => (parent.trace, Some(parent.span)),
            None if is_among(drawn, self.ratio) => (TraceId(drawn), None),
            _ => return None,
        };
        let span = || SpanId(u64::from_le_bytes(entropy.bytes()));
        Some(Box::new(Trace {
            sink: Arc::clone(&self.sink),
            id,
            parent,
            request: span(),
            engine: span(),
            sent: None,
        }))
    }
}

impl Trace {
    /// What the engine is told in `traceparent`.
    pub(crate) fn for_engine(&self) -> HeaderValue {
        let parent = TraceParent {
            trace: self.id,
            span: self.engine,
            sampled: true,
        };
        HeaderValue::from_str(&parent.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Notes that the request goes to the engine now.
    pub(crate) fn note_sent(&mut self, started: Instant) {
        self.sent = Some(started.elapsed());
    }

    /// Tells of the request, which has ended.
    pub(crate) fn end(self, started: Instant, received: Instant, usage: &UsageRecord) {
        self.sink.ended(TracedRequest {
            trace: self.id,
            parent: self.parent,
            request: self.request,
            engine: self.engine,
            received: received.saturating_duration_since(started),
            sent: self.sent,
            ended: started.elapsed(),
            usage: usage.clone(),
        });
    }
}

/// Whether a trace with an evenly drawn number is among the share `ratio` of all.
#[expect(clippy::cast_precision_loss, reason = "32 bits are drawn, and a share needs no more")]
fn is_among(drawn: u128, ratio: f64) -> bool {
    let part = (drawn >> 96) as f64 / f64::from(u32::MAX);
    ratio >= 1.0 || part < ratio
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Deaf;

    impl TraceSink for Deaf {
        fn ended(&self, _: TracedRequest) {}
    }

    fn begin(ratio: f64, traceparent: Option<&'static str>) -> Option<Box<Trace>> {
        let mut headers = Fields::default();
        if let Some(value) = traceparent {
            headers.append(TRACEPARENT, HeaderValue::from_static(value));
        }
        let tracing = Tracing {
            sink: Arc::new(Deaf),
            ratio,
        };
        tracing.begin(&headers, &Entropy::counted(7))
    }

    #[test]
    fn the_caller_decides_and_the_ratio_where_no_caller_has() {
        let sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = begin(0.0, Some(sampled)).unwrap();
        assert_eq!(trace.parent, Some(SpanId(0x00f0_67aa_0ba9_02b7)));
        let to_engine = trace.for_engine();
        let to_engine = TraceParent::parse(to_engine.to_str().unwrap()).unwrap();
        assert_eq!((to_engine.trace, to_engine.span), (trace.id, trace.engine));
        assert_ne!(trace.request, trace.engine);

        let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        assert!(begin(1.0, Some(unsampled)).is_none());
        assert!(begin(0.0, None).is_none());
        assert_eq!(begin(1.0, None).unwrap().parent, None);
        assert_eq!(begin(1.0, Some("nonsense")).unwrap().parent, None);
    }

    #[test]
    fn a_share_of_the_numbers_is_among_it() {
        let entropy = Entropy::counted(1);
        let drawn = (0..10_000).filter(|_| is_among(u128::from_le_bytes(entropy.bytes()), 0.25));
        let among = drawn.count();
        assert!((2_300..2_700).contains(&among), "{among}");
    }
}
