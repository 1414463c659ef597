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
use worv_core::{Clock, Secret};

use self::probe::{Answer, Probe};

pub mod metrics;

pub(crate) mod probe;

/// How the engine is called in a sentence.
pub(crate) const NAME: &str = "The engine";

/// How many checks in a row may time out before an engine that was up counts as down. A busy engine answers late,
/// because it prepares long prompts on the thread that also answers these questions; one that refuses the connection
/// is down at once.
const TIMEOUTS_TO_DOWN: u32 = 3;

/// How the engine is watched.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The engine's base address, such as `http://127.0.0.1:8000`; a path in it is kept.
    pub url: Url,
    /// The time from one check to the next; not zero.
    pub interval: Duration,
    /// How long one check may take.
    pub timeout: Duration,
    /// Sent as `Authorization: Bearer`, to an engine that was started with `--api-key`.
    pub api_key: Option<Secret>,
}

/// Watches the engine until `cancel`. A change is published as soon as it is seen, an unchanged status is not
/// published again. Must be called inside a Tokio runtime.
pub fn watch(config: EngineConfig, clock: Clock, cancel: CancellationToken) -> watch::Receiver<Arc<EngineStatus>> {
    let (statuses, receiver) = watch::channel(Arc::new(EngineStatus::starting(clock.now().0)));
    let watcher = Watcher {
        clock,
        statuses,
        timeouts: 0,
    };
    // An answer under way is dropped with the task.
    tokio::spawn(async move { cancel.run_until_cancelled(watcher.run(config)).await });
    receiver
}

struct Watcher {
    clock: Clock,
    statuses: watch::Sender<Arc<EngineStatus>>,
    /// How many of the last checks have timed out.
    timeouts: u32,
}

impl Watcher {
    async fn run(mut self, config: EngineConfig) {
        let probe = match Probe::new(&config) {
            Ok(probe) => probe,
            Err(error) => return self.take(Answer::Failed(format!("The engine cannot be asked: {error}."))),
        };
        let mut ticks = interval(config.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.take(probe.ask().await);
        }
    }

    /// Takes an answer into the status, and wakes the readers only if that changed it.
    fn take(&mut self, answer: Answer) {
        let timed_out = matches!(answer, Answer::TimedOut(_));
        self.timeouts = if timed_out { self.timeouts + 1 } else { 0 };
        let forgiven = timed_out && self.timeouts < TIMEOUTS_TO_DOWN;
        self.statuses.send_if_modified(|current| {
            if forgiven && current.state == EngineState::Up {
                return false;
            }
            let next = successor(current, answer, &self.clock);
            let changed = next != **current;
            *current = Arc::new(next);
            changed
        });
    }
}

fn successor(current: &EngineStatus, answer: Answer, clock: &Clock) -> EngineStatus {
    let mut next = match answer {
        Answer::Serving(engine) => EngineStatus {
            state: EngineState::Up,
            model: engine.model,
            max_model_len: engine.max_model_len,
            version: engine.version,
            since: current.since,
            detail: String::new(),
        },
        // What it served last stays: most likely it will serve that when it is back.
        Answer::Failed(detail) | Answer::TimedOut(detail) => EngineStatus {
            state: EngineState::Down,
            detail,
            ..current.clone()
        },
    };
    if next.state != current.state {
        next.since = clock.now().0;
        tracing::info!(state = ?next.state, model = next.model, detail = next.detail, "engine");
    }
    next
}

impl EngineConfig {
    /// Asks the engine at `url` once a second and gives it two seconds to answer.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            api_key: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{probe::Engine, *};

    fn watcher() -> (Watcher, watch::Receiver<Arc<EngineStatus>>) {
        let (statuses, receiver) = watch::channel(Arc::new(EngineStatus::starting(0)));
        let clock = Clock::manual(worv_core::UnixMillis(7));
        let timeouts = 0;
        (
            Watcher {
                clock,
                statuses,
                timeouts,
            },
            receiver,
        )
    }

    fn serving() -> Answer {
        Answer::Serving(Engine {
            model: "m".to_owned(),
            max_model_len: None,
            version: String::new(),
        })
    }

    fn timed_out() -> Answer {
        Answer::TimedOut("late".to_owned())
    }

    #[test]
    fn an_engine_that_was_up_may_answer_late_now_and_then() {
        let (mut watcher, status) = watcher();
        for answer in [serving(), timed_out(), timed_out(), serving(), timed_out(), timed_out()] {
            watcher.take(answer);
            assert_eq!(status.borrow().state, EngineState::Up);
        }
        watcher.take(timed_out());
        assert_eq!(status.borrow().state, EngineState::Down);
        assert_eq!(status.borrow().detail, "late");
    }

    #[test]
    fn an_engine_that_never_answered_is_not_waited_for() {
        let (mut watcher, status) = watcher();
        watcher.take(timed_out());
        assert_eq!(status.borrow().state, EngineState::Down);
    }

    #[test]
    fn the_same_answer_again_is_no_news() {
        let (mut watcher, mut status) = watcher();
        watcher.take(serving());
        assert!(status.has_changed().unwrap());
        assert_eq!(status.borrow_and_update().since, 7);
        watcher.take(serving());
        watcher.take(timed_out());
        assert!(!status.has_changed().unwrap());
    }
}
