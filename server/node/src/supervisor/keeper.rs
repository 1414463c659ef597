//! Making it so: what runs follows what was ordered, through every failure.

use std::{
    collections::BTreeSet,
    future,
    process::ExitStatus,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep, timeout},
};
use worv_api::ProcessState;

use super::{
    Loaded, Order, Stage, Supervision, SupervisorConfig, SupervisorInputs, aftermath,
    attention::{Attention, News, look},
    launch::{Launch, LaunchProfile},
    log::LogFile,
    process::{self, Process},
    process_table::{Identity, killed_for_memory},
    record::{Record, Running},
    start_log::{self, REASON_LINES},
};

/// How long an engine has to serve before its failures are forgotten.
const STABLE: Duration = Duration::from_mins(5);

/// How long to wait before trying again to end what does not end.
const END_AGAIN: Duration = Duration::from_secs(10);

/// How long an address may take to say that somebody listens there.
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);

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
        let order = self.record.order.id;
        let running = self.record.running.take();
        self.show(|now| now.order = order);
        let Some(running) = running else {
            if order == 0 {
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

    /// Starts the engine, after a pause if it has failed before; none if it did not come to that.
    async fn bring_up(&mut self, wanted: &str) -> Option<Engine> {
        self.show(|now| wanted.clone_into(&mut now.process.profile));
        let Some((profile, launch)) = self
            .profile(wanted)
            .and_then(|profile| profile.launch.clone().map(|launch| (profile, launch)))
        else {
            self.give_up(format!(
                "The configuration does not say how to start {wanted:?}: give that profile a [profile.launch]."
            ));
            // A configuration that is taken over meanwhile may say so.
            tokio::select! {
                () = async { if self.inputs.orders.changed().await.is_err() { future::pending::<()>().await } } => {}
                Ok(()) = self.inputs.profiles.changed() => {}
            }
            return None;
        };
        if self.failures > launch.restart_attempts {
            let detail = self.state.borrow().process.detail.clone();
            self.give_up(detail);
            self.next_order().await;
            return None;
        }
        if self.failures > 0 {
            let pause = launch.pause(self.failures);
            self.show(|now| now.process.state = ProcessState::Restarting);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.next_order() => return None,
            }
        }
        match self.start(&profile, &launch).await {
            Ok(engine) => Some(engine),
            Err(words) => {
                self.fail(words);
                None
            }
        }
    }

    async fn start(&mut self, profile: &LaunchProfile, launch: &Launch) -> Result<Engine, String> {
        let run = self.config.entropy.alphanumeric(20);
        self.show(|now| {
            now.process.state = ProcessState::Starting;
            now.process.profile.clone_from(&profile.name);
            now.stage = Stage::Starting;
            now.loading = None;
        });
        process::clean_up(launch).await;
        self.nobody_listens().await?;
        let file = self.lock_log().open();
        let file = file.map_err(|error| format!("The engine's log cannot be written: {error}."))?;
        let process = process::start(launch, run, &file).map_err(|error| {
            let program = &launch.argv[0];
            format!("The engine cannot be started: {program}: {error}. Correct argv in the profile's [profile.launch].")
        })?;
        let started_at = self.config.clock.now().0;
        let engine = Engine {
            profile: profile.name.clone(),
            launch: launch.clone(),
            started_at,
            is_ready: false,
            killed_before: killed_for_memory(),
            process,
        };
        tracing::info!(
            profile = profile.name,
            pid = engine.process.identity.pid,
            "started the engine"
        );
        self.remember(&engine);
        self.show_running(&engine);
        Ok(engine)
    }

    /// Another program on the engine's port would answer in its place.
    async fn nobody_listens(&self) -> Result<(), String> {
        let url = &self.config.engine.url;
        let address = (
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or(80),
        );
        match timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => Err(format!(
                "The engine's port is in use: another program listens at {}:{}. Stop that, or choose another port.",
                address.0, address.1
            )),
            Ok(Err(_)) | Err(_) => Ok(()),
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

    /// The engine has ended though nobody told it to.
    async fn take_end(&mut self, mut engine: Engine, status: Option<ExitStatus>) {
        look(&self.log).await;
        let killed = killed_for_memory();
        let for_memory = engine.killed_before.is_some() && killed > engine.killed_before;
        let lines = self.lock_log().tail().last(REASON_LINES);
        let how = aftermath::words(status, for_memory);
        let reason = start_log::reason(&lines).map_or_else(String::new, |reason| format!(" {reason}"));
        self.fail(format!("The engine {how}.{reason}"));
        self.end(&mut engine).await;
    }

    /// Ends what is left of a run, and waits until nothing of it is: no process, no memory of a GPU.
    async fn end(&mut self, engine: &mut Engine) {
        self.show(|now| now.stage = Stage::Stopping);
        let identity: Identity = engine.process.identity.clone();
        let holders = aftermath::holders(&self.inputs.gpus.borrow());
        let mut members: BTreeSet<u32> = identity.members().into_iter().collect();
        members.insert(identity.pid);
        let grace = Duration::from_secs(engine.launch.stop_seconds);
        while let Err(left) = process::end_all(&identity, grace).await {
            let detail = format!("Processes of the engine do not end, though they were killed: {left:?}.");
            tracing::error!(detail, "the engine");
            self.show(|now| now.process.detail = detail);
            sleep(END_AGAIN).await;
        }
        engine.process.ended().await;
        process::clean_up(&engine.launch).await;
        look(&self.log).await;
        let now = self.config.clock.now().0;
        if let Err(held) = aftermath::memory_is_free(&mut self.inputs.gpus, &members, &holders, now).await {
            tracing::error!(detail = held, "memory of a GPU is not given back");
            self.show(|now| now.process.detail = format!("{held}. A GPU that keeps memory may need a reset."));
        }
        tracing::info!(
            profile = engine.profile,
            pid = identity.pid,
            "nothing is left of the engine"
        );
        self.record.running = None;
        self.save();
        self.show(|now| {
            now.process.pid = None;
            now.stage = Stage::Idle;
            now.loading = None;
        });
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
