//! What a simulated engine counts and remembers.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, Method, Uri};
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;

/// Counts since the start. `running` and `waiting` are of this moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SimStats {
    /// Requests being generated.
    pub running: u64,
    /// Requests that wait for a slot.
    pub waiting: u64,
    /// Requests accepted for generation, ever.
    pub started: u64,
    /// Requests answered to their end.
    pub finished: u64,
    /// Requests whose client left before the end.
    pub aborted: u64,
    /// Requests cut short by a fault.
    pub failed: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Tokens of all prompts that were begun.
    pub prompt_tokens: u64,
    /// Tokens generated.
    pub generated_tokens: u64,
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers, as they were sent.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Where the counts are kept.
#[derive(Debug)]
pub(super) struct Board {
    stats: watch::Sender<SimStats>,
    keep_requests: usize,
    requests: Mutex<VecDeque<SeenRequest>>,
}

impl Board {
    pub(super) fn new(keep_requests: usize) -> Self {
        Self {
            stats: watch::Sender::default(),
            keep_requests,
            requests: Mutex::default(),
        }
    }

    pub(super) fn watch(&self) -> watch::Receiver<SimStats> {
        self.stats.subscribe()
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut SimStats)) {
        self.stats.send_modify(change);
    }

    pub(super) fn keep(&self, request: SeenRequest) {
        if self.keep_requests == 0 {
            return;
        }
        let mut requests = self.lock();
        if requests.len() == self.keep_requests {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    pub(super) fn requests(&self) -> Vec<SeenRequest> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<SeenRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
