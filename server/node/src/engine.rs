//! The engine as the gateway sees it: whether it answers, and what it serves.
//!
//! The engine is asked three questions each interval: `GET /health`, `GET /v1/models` for the model's name and context
//! window, and `GET /version`. The first two decide whether it is up; an engine that does not tell its version is up
//! all the same.

use std::{sync::Arc, time::Duration};

use reqwest::Url;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use worv_api::{EngineState, EngineStatus};
use worv_core::Clock;

use self::probe::{Answer, Probe};

mod probe;

/// How many checks in a row may time out before an engine that was up counts as down. A busy engine answers late,
/// because it prepares long prompts on the thread that also answers these questions; one that refuses the connection
/// is down at once.
const TIMEOUTS_TO_DOWN: u32 = 3;

/// How the engine is watched.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The engine's base address, such as `http://127.0.0.1:8000`; a path in it is kept.
    pub url: Url,
    /// The time from one check to the next.
    pub interval: Duration,
    /// How long one check may take.
    pub timeout: Duration,
}

/// Watches the engine until `cancel`. A change is published as soon as it is seen, an unchanged status is not
/// published again. Must be called inside a Tokio runtime.
pub fn watch(config: EngineConfig, clock: Clock, cancel: CancellationToken) -> watch::Receiver<Arc<EngineStatus>> {
    let (statuses, receiver) = watch::channel(Arc::new(EngineStatus::starting(clock.now().0)));
    tokio::spawn(async move {
        // An answer under way is dropped with the task.
        cancel.run_until_cancelled(run(config, clock, statuses)).await;
    });
    receiver
}

async fn run(config: EngineConfig, clock: Clock, statuses: watch::Sender<Arc<EngineStatus>>) {
    let probe = match Probe::new(&config.url, config.timeout) {
        Ok(probe) => probe,
        Err(error) => {
            let answer = Answer::Failed(format!("The engine cannot be asked: {error}."));
            publish(&statuses, &clock, answer);
            return;
        }
    };
    let mut ticks = interval(config.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut timeouts = 0;
    loop {
        ticks.tick().await;
        let answer = probe.ask().await;
        timeouts = if matches!(answer, Answer::TimedOut(_)) {
            timeouts + 1
        } else {
            0
        };
        let was_up = statuses.borrow().state == EngineState::Up;
        if !(was_up && (1..TIMEOUTS_TO_DOWN).contains(&timeouts)) {
            publish(&statuses, &clock, answer);
        }
    }
}

/// Takes an answer into the status, and wakes the readers only if that changed it.
fn publish(statuses: &watch::Sender<Arc<EngineStatus>>, clock: &Clock, answer: Answer) {
    statuses.send_if_modified(|current| {
        let mut next = EngineStatus::clone(current);
        match answer {
            Answer::Serving(engine) => {
                next.state = EngineState::Up;
                next.model = engine.model;
                next.max_model_len = engine.max_model_len;
                next.version = engine.version;
                next.detail = String::new();
            }
            // What it served last stays: it is most likely what it will serve when it is back.
            Answer::Failed(reason) | Answer::TimedOut(reason) => {
                next.state = EngineState::Down;
                next.detail = reason;
            }
        }
        if next == **current {
            return false;
        }
        if next.state != current.state {
            next.since = clock.now().0;
            tracing::info!(state = ?next.state, model = next.model, detail = next.detail, "engine");
        }
        *current = Arc::new(next);
        true
    });
}

impl EngineConfig {
    /// Asks the engine at `url` once a second and gives it two seconds to answer.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
        }
    }
}
