//! The live figures that every page shares.

use std::collections::VecDeque;

use leptos::prelude::*;
use worv_api::{EngineStatus, GpuReport, LiveEvent, LiveSample, Overview};

/// How many samples are kept: 15 minutes at one a second.
pub const SAMPLES_KEPT: usize = 900;

/// Whether the event stream is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// No answer yet; the figures are those the page came with.
    Connecting,
    /// Events arrive.
    Live,
    /// The stream broke and is being opened again.
    Reconnecting {
        /// Seconds until the next attempt.
        retry_in: u32,
    },
    /// Several attempts failed; they go on.
    Offline {
        /// When the last event came, in Unix milliseconds.
        since: i64,
    },
}

/// The latest figures and the state of the stream that brings them, as signals. It is cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct LiveFeed {
    /// The state of the stream.
    pub connection: RwSignal<Connection>,
    /// The engine; none until something is known.
    pub engine: RwSignal<Option<EngineStatus>>,
    /// One sample a second, oldest first, at most [`SAMPLES_KEPT`].
    pub samples: RwSignal<VecDeque<LiveSample>>,
    /// The GPUs; none until something is known.
    pub gpus: RwSignal<Option<GpuReport>>,
}

impl LiveFeed {
    /// A feed that knows nothing yet.
    pub fn new() -> Self {
        Self {
            connection: RwSignal::new(Connection::Connecting),
            engine: RwSignal::new(None),
            samples: RwSignal::new(VecDeque::new()),
            gpus: RwSignal::new(None),
        }
    }

    /// Takes in one message of the stream.
    pub fn apply(&self, event: LiveEvent) {
        match event {
            LiveEvent::Snapshot(overview) => self.replace(overview),
            LiveEvent::Sample(sample) => self.samples.update(|samples| {
                samples.push_back(sample);
                while samples.len() > SAMPLES_KEPT {
                    samples.pop_front();
                }
            }),
            LiveEvent::Gpus(report) => self.gpus.set(Some(report)),
            LiveEvent::Engine(status) => self.engine.set(Some(status)),
        }
    }

    /// Starts over from a full picture.
    pub fn replace(&self, overview: Overview) {
        self.engine.set(Some(overview.engine));
        self.samples.set(overview.samples.into());
        self.gpus.set(Some(overview.gpus));
    }
}

impl Default for LiveFeed {
    fn default() -> Self {
        Self::new()
    }
}
