//! Live figures: one ring of samples, one event stream for every open page.

use std::{collections::VecDeque, sync::Mutex};

use bytes::Bytes;
use tokio::sync::broadcast;
use worv_api::{EngineMetrics, EngineProcess, EngineStatus, GpuOverview, LiveEvent, LiveSample, Overview, Switch};

/// Samples that are kept: 15 minutes of one a second.
const KEPT_SAMPLES: usize = 900;

/// Events that a slow browser may be behind before it is given a fresh snapshot instead.
const BACKLOG: usize = 64;

/// The latest of everything, and whoever is watching it.
pub struct Live {
    state: Mutex<State>,
    events: broadcast::Sender<Bytes>,
}

struct State {
    engine: EngineStatus,
    gpus: GpuOverview,
    samples: VecDeque<LiveSample>,
    metrics: EngineMetrics,
    process: Option<EngineProcess>,
    switch: Option<Switch>,
}

/// One page's view of the events: a snapshot, then each change, in order and without a gap.
pub struct Watcher {
    events: broadcast::Receiver<Bytes>,
}

impl Live {
    /// Starts from what is known of the engine and the GPUs.
    pub fn new(engine: EngineStatus, gpus: GpuOverview) -> Self {
        let state = State {
            engine,
            gpus,
            samples: VecDeque::with_capacity(KEPT_SAMPLES),
            metrics: EngineMetrics::default(),
            process: None,
            switch: None,
        };
        Self {
            state: Mutex::new(state),
            events: broadcast::Sender::new(BACKLOG),
        }
    }

    /// Everything as it is now.
    pub fn overview(&self) -> Overview {
        self.lock().overview()
    }

    /// Takes in a change and tells every watcher.
    pub fn publish(&self, event: LiveEvent) {
        let frame = frame(&event);
        let mut state = self.lock();
        match event {
            LiveEvent::Snapshot(_) | LiveEvent::Requests(_) => {}
            LiveEvent::Sample(sample) => {
                if state.samples.len() == KEPT_SAMPLES {
                    state.samples.pop_front();
                }
                state.samples.push_back(sample);
            }
            LiveEvent::Gpus(gpus) => state.gpus = gpus,
            LiveEvent::Engine(engine) => state.engine = engine,
            LiveEvent::Metrics(metrics) => state.metrics = metrics,
            LiveEvent::Process(process) => state.process = Some(process),
            LiveEvent::Switch(switch) => state.switch = Some(switch),
        }
        // Sent under the lock, so that a snapshot taken before it is followed by it and one taken after it is not.
        // Nobody watching is fine.
        let _ = self.events.send(frame);
    }

    /// A snapshot, and a watcher for everything after it.
    pub fn watch(&self) -> (Bytes, Watcher) {
        let state = self.lock();
        let watcher = Watcher {
            events: self.events.subscribe(),
        };
        let overview = state.overview();
        drop(state);
        (frame(&LiveEvent::Snapshot(Box::new(overview))), watcher)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Watcher {
    /// The next change as a server-sent event; a snapshot instead where this watcher has fallen behind.
    pub async fn next(&mut self, live: &Live) -> Option<Bytes> {
        match self.events.recv().await {
            Ok(frame) => Some(frame),
            Err(broadcast::error::RecvError::Closed) => None,
            Err(broadcast::error::RecvError::Lagged(_)) => {
                let (snapshot, fresh) = live.watch();
                *self = fresh;
                Some(snapshot)
            }
        }
    }
}

impl State {
    fn overview(&self) -> Overview {
        Overview {
            engine: self.engine.clone(),
            samples: self.samples.iter().copied().collect(),
            gpus: self.gpus.clone(),
            metrics: self.metrics.clone(),
            process: self.process.clone(),
            switch: self.switch.clone(),
        }
    }
}

/// An event as it goes over the wire (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
pub fn frame(event: &LiveEvent) -> Bytes {
    let data = serde_json::to_string(event).expect("our own types serialise");
    Bytes::from(format!("event: {}\ndata: {data}\n\n", event.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_api::GpuSource;

    fn live() -> Live {
        let gpus = GpuOverview {
            source: GpuSource::Starting,
            sampled_at: 0,
            gpus: Vec::new(),
        };
        Live::new(EngineStatus::starting(0), gpus)
    }

    fn sample(at: i64) -> LiveEvent {
        LiveEvent::Sample(LiveSample {
            at,
            ..LiveSample::default()
        })
    }

    fn text(frame: &Bytes) -> &str {
        std::str::from_utf8(frame).unwrap()
    }

    #[tokio::test]
    async fn a_watcher_gets_a_snapshot_and_then_each_change() {
        let live = live();
        live.publish(sample(1));
        let (snapshot, mut watcher) = live.watch();
        live.publish(sample(2));
        assert!(
            text(&snapshot).starts_with("event: snapshot\ndata: {\"snapshot\":"),
            "{}",
            text(&snapshot)
        );
        assert!(text(&snapshot).contains("\"at\":1,") && !text(&snapshot).contains("\"at\":2,"));
        let next = watcher.next(&live).await.unwrap();
        assert!(text(&next).starts_with("event: sample\n") && text(&next).contains("\"at\":2,"));
    }

    #[tokio::test]
    async fn a_watcher_that_falls_behind_gets_a_snapshot() {
        let live = live();
        let (_, mut watcher) = live.watch();
        for at in 0..200 {
            live.publish(sample(at));
        }
        let next = watcher.next(&live).await.unwrap();
        assert!(text(&next).starts_with("event: snapshot\n") && text(&next).contains("\"at\":199,"));
        live.publish(sample(200));
        assert!(text(&watcher.next(&live).await.unwrap()).contains("\"at\":200,"));
    }

    #[test]
    fn fifteen_minutes_are_kept() {
        let live = live();
        for at in 0..1_000 {
            live.publish(sample(at));
        }
        let samples = live.overview().samples;
        assert_eq!((samples.len(), samples[0].at, samples[899].at), (900, 100, 999));
    }
}
