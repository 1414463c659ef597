//! Making it so: what runs follows what was ordered, through every failure.

use std::{
    future,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use worv_api::ProcessState;

use super::{
    Loaded, Order, Stage, Supervision, SupervisorConfig, SupervisorInputs,
    attention::{Attention, News},
    launch::{Launch, LaunchProfile},
    log::LogFile,
    process::{self, Process},
    record::{Record, Running, Starting},
};

mod end;
mod start;

/// How long an engine has to serve before its failures are forgotten.
const STABLE: Duration = Duration::from_mins(5);

/// The supervisor's task.
pub(super) struct Keeper {
    config: SupervisorConfig,
    inputs: SupervisorInputs,
    state: watch::Sender<Arc<Supervision>>,
    log: Arc<Mutex<LogFile>>,
    record: Record,
    /// Starts in a row that came to nothing.
    failures: u32,
}

/// A run of the engine.
struct Engine {
    process: Process,
    profile: String,
    launch: Launch,
    started_at: i64,
    is_ready: bool,
    /// How many processes the system had killed for want of memory when it was started.
    killed_before: Option<u64>,
}

/// Why attention ended.
enum Happening {
    Order,
    Ended(Option<ExitStatus>),
    Failed(String),
}

impl Keeper {
    pub(super) fn new(
        config: SupervisorConfig,
        inputs: SupervisorInputs,
        state: watch::Sender<Arc<Supervision>>,
        log: LogFile,
    ) -> Self {
        Self {
            config,
            inputs,
            state,
            log: Arc::new(Mutex::new(log)),
            record: Record::default(),
            failures: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let mut engine = self.take_over().await;
        // Not before its state is: an order that is taken and a process that is not there mean that it was carried out.
        let order = self.record.order.id;
        self.show(|now| now.order = order);
        loop {
            self.take_order();
            let wanted = self.record.order.profile.clone();
            engine = match (engine.take(), wanted) {
                (Some(mut engine), Some(wanted)) if engine.profile == wanted => match self.attend(&mut engine).await {
                    Happening::Order => Some(engine),
                    Happening::Ended(status) => {
                        self.take_end(engine, status).await;
                        None
                    }
                    Happening::Failed(words) => {
                        self.fail(format!("The engine {words}"));
                        self.end(&mut engine).await;
                        None
                    }
                },
                (Some(mut engine), _) => {
                    self.end(&mut engine).await;
                    None
                }
                (None, Some(wanted)) => self.bring_up(&wanted).await,
                (None, None) => {
                    self.show(|now| {
                        now.process.state = ProcessState::Stopped;
                        now.stage = Stage::Idle;
                    });
                    self.next_order().await;
                    None
                }
            };
        }
    }

    /// Finds what the supervisor before this one has left.
    async fn take_over(&mut self) -> Option<Engine> {
        self.record = match Record::read(&self.config.folder) {
            Ok(record) => record,
            Err(error) => {
                let folder = self.config.folder.display();
                self.give_up(format!(
                    "The record of what runs ({folder}/engine.json) cannot be read: {error}. End what may run of the \
                     engine, remove the file and start a profile."
                ));
                self.next_order().await;
                Record::default()
            }
        };
        let starting = self.record.starting.take();
        let running = self.record.running.take().or_else(|| starting.and_then(Starting::find));
        let Some(running) = running else {
            if self.record.order.id == 0 {
                // Nothing was ever asked for: the first profile that can be started is.
                let profiles = self.inputs.profiles.borrow();
                let first = profiles.iter().find(|profile| profile.launch.is_some());
                self.record.order.profile = first.map(|profile| profile.name.clone());
            }
            return None;
        };
        let launch = self.profile(&running.profile).and_then(|profile| profile.launch);
        let launch = launch.unwrap_or_else(|| Launch::new(["gone"]));
        let mut engine = Engine {
            process: process::adopt(running.identity.clone()),
            profile: running.profile.clone(),
            launch,
            started_at: running.started_at,
            is_ready: running.was_ready,
            killed_before: None,
        };
        let pid = running.identity.pid;
        if running.identity.is_alive() {
            tracing::info!(profile = running.profile, pid, "took over the running engine");
            self.lock_log().go_back();
            self.record.running = Some(running);
            self.show_running(&engine);
            return Some(engine);
        }
        tracing::warn!(
            profile = running.profile,
            pid,
            "the engine ended while nobody looked after it"
        );
        self.show(|now| {
            now.process.profile.clone_from(&running.profile);
            "The engine ended while nobody looked after it.".clone_into(&mut now.process.detail);
        });
        self.end(&mut engine).await;
        None
    }

    /// Takes the last order, if it is newer than the one before.
    fn take_order(&mut self) {
        let order = self.inputs.orders.borrow_and_update().clone();
        let Some(order) = order.filter(|order| order.id > self.record.order.id) else {
            return;
        };
        tracing::info!(order = order.id, profile = order.profile, "told what to run");
        self.failures = 0;
        let Order { id, .. } = order;
        self.record.order = order;
        self.save();
        self.show(|now| {
            now.order = id;
            now.process.failures = 0;
            now.process.detail.clear();
            if matches!(now.process.state, ProcessState::GaveUp | ProcessState::Restarting) {
                now.process.state = ProcessState::Stopped;
            }
        });
    }

    /// Resolves when there may be a new order.
    async fn next_order(&mut self) {
        if self.inputs.orders.changed().await.is_err() {
            future::pending::<()>().await;
        }
    }

    /// Looks after a run until something has to be decided.
    async fn attend(&mut self, engine: &mut Engine) -> Happening {
        let attention = Attention::new(&self.config.engine, &engine.profile, &engine.launch, engine.is_ready);
        let mut attention = match attention {
            Ok(attention) => attention,
            Err(error) => return Happening::Failed(format!("cannot be asked: {error}.")),
        };
        loop {
            let forgiven_at = Instant::now() + STABLE;
            let news = tokio::select! {
                changed = self.inputs.orders.changed() => match changed {
                    Ok(()) => return Happening::Order,
                    Err(_) => future::pending().await,
                },
                status = engine.process.ended() => return Happening::Ended(status),
                () = tokio::time::sleep_until(forgiven_at), if engine.is_ready && self.failures > 0 => {
                    self.failures = 0;
                    self.show(|now| now.process.failures = 0);
                    continue;
                }
                news = attention.next(&self.log, &mut self.inputs.metrics) => news,
            };
            match news {
                News::Start(log) => self.show(|now| {
                    now.stage = if log.is_loading {
                        Stage::Loading
                    } else {
                        Stage::Starting
                    };
                    now.loading = log.progress;
                }),
                News::Ready => {
                    engine.is_ready = true;
                    self.remember(engine);
                    self.show_running(engine);
                    let loaded = Loaded {
                        profile: engine.profile.clone(),
                        started_at: engine.started_at,
                        milliseconds: self.config.clock.now().0 - engine.started_at,
                    };
                    tracing::info!(
                        profile = loaded.profile,
                        duration_ms = loaded.milliseconds,
                        "the engine is ready"
                    );
                    self.show(|now| now.loaded = Some(loaded));
                }
                News::Failed(words) => return Happening::Failed(words),
            }
        }
    }

    /// A start or a run came to nothing.
    fn fail(&mut self, words: String) {
        self.failures += 1;
        let failures = self.failures;
        tracing::error!(failures, detail = words, "the engine failed");
        self.show(|now| {
            now.process.state = ProcessState::Restarting;
            now.process.failures = failures;
            now.process.detail = words;
            now.stage = Stage::Idle;
        });
    }

    fn give_up(&self, words: String) {
        tracing::error!(detail = words, "the engine is not started again until somebody says so");
        self.show(|now| {
            now.process.state = ProcessState::GaveUp;
            now.process.detail = words;
            now.stage = Stage::Idle;
        });
    }

    fn profile(&self, name: &str) -> Option<LaunchProfile> {
        let profiles = self.inputs.profiles.borrow();
        profiles.iter().find(|profile| profile.name == name).cloned()
    }

    fn remember(&mut self, engine: &Engine) {
        self.record.starting = None;
        self.record.running = Some(Running {
            profile: engine.profile.clone(),
            identity: engine.process.identity.clone(),
            started_at: engine.started_at,
            was_ready: engine.is_ready,
        });
        self.save();
    }

    fn save(&self) {
        if let Err(error) = self.record.write(&self.config.folder) {
            let folder = self.config.folder.display();
            tracing::error!(%error, %folder, "cannot write down what runs: the next start will not know of it");
        }
    }

    fn show_running(&self, engine: &Engine) {
        self.show(|now| {
            now.process.profile.clone_from(&engine.profile);
            now.process.pid = Some(engine.process.identity.pid);
            (now.process.state, now.stage) = if engine.is_ready {
                (ProcessState::Running, Stage::Serving)
            } else {
                (ProcessState::Starting, Stage::Starting)
            };
            if engine.is_ready {
                // Why the run before it ended is no longer what there is to say.
                now.process.detail.clear();
            }
        });
    }

    fn show(&self, change: impl FnOnce(&mut Supervision)) {
        let now = self.config.clock.now().0;
        self.state.send_if_modified(|current| {
            let mut next = Supervision::clone(current);
            change(&mut next);
            if next.process.state != current.process.state {
                next.process.since = now;
            }
            let changed = next != **current;
            *current = Arc::new(next);
            changed
        });
    }

    fn lock_log(&self) -> std::sync::MutexGuard<'_, LogFile> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
