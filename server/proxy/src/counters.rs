//! Running totals that the console samples once a second.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The totals at one moment. All but `in_flight` and `waiting` only ever grow; the difference of two samples is what passed between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CounterSnapshot {
    /// Requests that were admitted.
    pub admitted: u64,
    /// Requests under way now.
    pub in_flight: u64,
    /// Requests that wait for room at the engine now.
    pub waiting: u64,
    /// Prompt tokens of requests that ended.
    pub prompt_tokens: u64,
    /// Tokens generated, counted as they stream.
    pub completion_tokens: u64,
    /// Requests that ended because the engine failed.
    pub engine_failures: u64,
}

/// The totals as requests write them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    admitted: AtomicU64,
    in_flight: AtomicU64,
    prompt_tokens: AtomicU64,
    completion_tokens: AtomicU64,
    engine_failures: AtomicU64,
}

/// Counts a request as under way for as long as it lives.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Counters>);

impl Counters {
    pub(crate) fn snapshot(&self, waiting: u64) -> CounterSnapshot {
        CounterSnapshot {
            waiting,
            admitted: self.admitted.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            prompt_tokens: self.prompt_tokens.load(Ordering::Relaxed),
            completion_tokens: self.completion_tokens.load(Ordering::Relaxed),
            engine_failures: self.engine_failures.load(Ordering::Relaxed),
        }
    }

    /// Counts a request as admitted, and as under way until the guard is dropped.
    pub(crate) fn admit(self: &Arc<Self>) -> InFlight {
        self.admitted.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    pub(crate) fn add_prompt_tokens(&self, tokens: u64) {
        self.prompt_tokens.fetch_add(tokens, Ordering::Relaxed);
    }

    pub(crate) fn add_completion_tokens(&self, tokens: u64) {
        self.completion_tokens.fetch_add(tokens, Ordering::Relaxed);
    }

    pub(crate) fn add_engine_failure(&self) {
        self.engine_failures.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
