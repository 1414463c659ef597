//! The live figures that every page shares.

use std::collections::VecDeque;

use leptos::prelude::*;
use worv_api::{EngineMetrics, EngineProcess, EngineStatus, GpuOverview, LiveEvent, LiveSample, Overview, Switch};

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
        /// Seconds until the next attempt; 0 while there is one.
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
    pub gpus: RwSignal<Option<GpuOverview>>,
    /// What the engine measures of itself.
    pub metrics: RwSignal<EngineMetrics>,
    /// The engine's process; none where others run the engine.
    pub process: RwSignal<Option<EngineProcess>>,
    /// The switch under way, or the last one since the gateway started.
    pub switch: RwSignal<Option<Switch>>,
    /// The query of the list of requests that is open and grows; none where no list does. The stream brings the requests
    /// that end only while it is asked for them.
    pub tail: RwSignal<Option<String>>,
    /// Counts how often the stream has begun to bring requests: what ended before that is in the list only.
    pub tail_opened: RwSignal<u32>,
    /// The requests that have ended just now, as rows of that list.
    pub ended: RwSignal<Option<String>>,
    /// Whether the server was found to be another build than the one the page is from.
    pub outdated: RwSignal<bool>,
    /// The server's time as the samples tell it, in Unix milliseconds, rounded up to [`CLOCK_STEP`]: words such as
    /// "3 min ago" go by it, so that they agree on both sides and change no more often than they need.
    pub(crate) clock: Memo<Option<i64>>,
}

/// How finely [`LiveFeed::clock`] goes, in milliseconds.
const CLOCK_STEP: i64 = 10_000;

impl LiveFeed {
    /// A feed that knows nothing yet.
    pub fn new() -> Self {
        let samples = RwSignal::new(VecDeque::<LiveSample>::new());
        Self {
            connection: RwSignal::new(Connection::Connecting),
            engine: RwSignal::new(None),
            samples,
            gpus: RwSignal::new(None),
            metrics: RwSignal::new(EngineMetrics::default()),
            process: RwSignal::new(None),
            switch: RwSignal::new(None),
            tail: RwSignal::new(None),
            tail_opened: RwSignal::new(0),
            ended: RwSignal::new(None),
            outdated: RwSignal::new(false),
            clock: Memo::new(move |_| {
                let newest = samples.with(|samples| samples.back().map(|sample| sample.at));
                newest.map(|at| (at + CLOCK_STEP - 1).div_euclid(CLOCK_STEP) * CLOCK_STEP)
            }),
        }
    }

    /// Takes in one message of the stream.
    pub fn apply(&self, event: LiveEvent) {
        match event {
            LiveEvent::Snapshot(overview) => self.replace(*overview),
            LiveEvent::Sample(sample) => self.samples.update(|samples| {
                samples.push_back(sample);
                while samples.len() > SAMPLES_KEPT {
                    samples.pop_front();
                }
            }),
            LiveEvent::Gpus(report) => self.gpus.set(Some(report)),
            LiveEvent::Engine(status) => self.engine.set(Some(status)),
            LiveEvent::Metrics(metrics) => self.metrics.set(metrics),
            LiveEvent::Process(process) => self.process.set(Some(process)),
            LiveEvent::Switch(switch) => self.switch.set(Some(switch)),
            LiveEvent::Requests(rows) => self.ended.set(Some(rows)),
        }
    }

    /// Takes in what the page came with, unless the stream has brought something newer.
    pub(crate) fn begin(&self, overview: Overview) {
        if self.engine.with_untracked(Option::is_none) {
            self.replace(overview);
        }
    }

    /// Everything that is known; none while something is missing.
    pub(crate) fn overview_untracked(&self) -> Option<Overview> {
        Some(Overview {
            engine: self.engine.get_untracked()?,
            samples: self.samples.get_untracked().into(),
            gpus: self.gpus.get_untracked()?,
            metrics: self.metrics.get_untracked(),
            process: self.process.get_untracked(),
            switch: self.switch.get_untracked(),
        })
    }

    /// Starts over from a full picture.
    fn replace(&self, overview: Overview) {
        self.engine.set(Some(overview.engine));
        self.samples.set(overview.samples.into());
        self.gpus.set(Some(overview.gpus));
        self.metrics.set(overview.metrics);
        self.process.set(overview.process);
        self.switch.set(overview.switch);
    }
}

impl Default for LiveFeed {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use worv_api::GpuSource;

    use super::*;

    fn overview(model: &str, seconds: std::ops::Range<i64>) -> Overview {
        Overview {
            engine: EngineStatus {
                model: model.to_owned(),
                ..EngineStatus::starting(0)
            },
            samples: seconds.map(sample).collect(),
            gpus: GpuOverview {
                source: GpuSource::Starting,
                sampled_at: 0,
                gpus: Vec::new(),
            },
            metrics: EngineMetrics::default(),
            process: None,
            switch: None,
        }
    }

    fn sample(second: i64) -> LiveSample {
        LiveSample {
            at: second * 1000,
            ..LiveSample::default()
        }
    }

    #[test]
    fn the_ring_keeps_the_newest_samples() {
        let owner = Owner::new();
        owner.with(|| {
            let feed = LiveFeed::new();
            feed.apply(LiveEvent::Snapshot(Box::new(overview("first", 0..900))));
            feed.apply(LiveEvent::Sample(sample(900)));
            let samples = feed.samples.get_untracked();
            assert_eq!(samples.len(), SAMPLES_KEPT);
            assert_eq!(
                (samples.front().map(|s| s.at), samples.back().map(|s| s.at)),
                (Some(1000), Some(900_000))
            );
        });
    }

    #[test]
    fn what_the_page_came_with_does_not_replace_what_is_newer() {
        let owner = Owner::new();
        owner.with(|| {
            let feed = LiveFeed::new();
            assert_eq!(feed.overview_untracked(), None);
            feed.begin(overview("page", 0..1));
            feed.apply(LiveEvent::Snapshot(Box::new(overview("stream", 0..2))));
            feed.begin(overview("page", 0..1));
            assert_eq!(feed.overview_untracked(), Some(overview("stream", 0..2)));
        });
    }

    #[test]
    fn the_clock_goes_in_steps() {
        let owner = Owner::new();
        owner.with(|| {
            let feed = LiveFeed::new();
            assert_eq!(feed.clock.get_untracked(), None);
            feed.apply(LiveEvent::Sample(sample(11)));
            assert_eq!(feed.clock.get_untracked(), Some(20_000));
            feed.apply(LiveEvent::Sample(sample(20)));
            assert_eq!(feed.clock.get_untracked(), Some(20_000));
        });
    }
}
