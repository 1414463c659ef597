//! What goes on beside the requests: keys into the data path, figures into the console.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, Interval, MissedTickBehavior, interval_at, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_api::{EngineMetrics, EngineState, EngineStatus, GpuReport, LiveEvent, LiveSample};
use worv_core::{Clock, Entropy, UnixMillis};
use worv_node::{machine::NodeHandle, switching::Switching};
use worv_proxy::{CounterSnapshot, EngineSnapshot, Gateway, KeyTable};
use worv_store::{Changes, Store, StoreError, usage::Writer};

use super::{
    demo::LoadMeter,
    gpu_minutes, limits,
    machine::Machine,
    model_profile,
    node::{Managed, Node},
    reload, retention,
};
use crate::{
    config::{self, Config},
    console::{Live, Tail},
};

/// How often ended sessions are deleted.
const SESSION_SWEEP: Duration = Duration::from_hours(1);

/// How long to wait before asking a database again that did not answer.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// How long a database may take to say that it is there.
const DATABASE_PATIENCE: Duration = Duration::from_secs(3);

/// What the tasks work on.
#[derive(Clone)]
pub struct Background {
    /// The data path.
    pub gateway: Arc<Gateway>,
    /// The database.
    pub store: Store,
    /// The console's live figures.
    pub live: Arc<Live>,
    /// How long the rows of single requests are kept.
    pub keep_requests: Duration,
    /// The requests that end.
    pub tail: Arc<Tail>,
    /// Tells the time.
    pub clock: Clock,
    /// Ends every task.
    pub stopping: CancellationToken,
}

impl Background {
    /// Gives the data path the keys as the database has them now.
    async fn load_keys(&self) -> Result<(), StoreError> {
        let grants = self.store.key_grants().await?;
        self.gateway.replace_keys(grants.into_iter().collect::<KeyTable>());
        Ok(())
    }

    /// Gives the data path all that it has to know before the first request: the keys, and what is spent of their limits.
    pub async fn begin(&self, tasks: &TaskTracker, usage: &Writer, entropy: &Entropy) -> Result<(), StoreError> {
        self.load_keys().await?;
        limits::keep(&self.gateway, &self.store, usage, entropy, (tasks, &self.stopping)).await
    }

    /// Starts every task; each ends when the gateway stops. `file` is the configuration's, whose profiles are followed.
    pub fn start(&self, tasks: &TaskTracker, config: &Config, node: &Node, machine: Machine, file: Option<PathBuf>) {
        let stopping = || self.stopping.clone();
        tasks.spawn(self.clone().follow_keys());
        tasks.spawn(self.clone().reconcile(machine.engine.clone(), machine.metrics.clone()));
        tasks.spawn(self.clone().follow_engine(machine.engine));
        tasks.spawn(self.clone().measure_gpus(machine.gpus.clone()));
        let minutes = gpu_minutes::keep(node.name.clone(), machine.gpus.clone(), self.store.clone(), stopping());
        tasks.spawn(minutes);
        tasks.spawn(self.clone().follow_gpus(machine.gpus));
        tasks.spawn(self.clone().follow_metrics(machine.metrics));
        tasks.spawn(self.clone().follow_profiles(machine.profiles.configured));
        if let Some(Managed { node, switching }) = &node.managed {
            tasks.spawn(self.clone().follow_node(node.clone(), Arc::clone(switching)));
        }
        // The demo's profiles are not those of a file.
        let file = file.filter(|_| machine.load.is_none());
        tasks.spawn(reload::follow(file, config.clone(), machine.changer, stopping()));
        let (away, database_away) = watch::channel(false);
        tasks.spawn(self.clone().follow_database(away));
        tasks.spawn(self.clone().sample(machine.load, database_away));
        tasks.spawn(self.clone().sweep_sessions());
        let (store, clock) = (self.store.clone(), self.clock.clone());
        tasks.spawn(retention::sweep(store, clock, self.keep_requests, stopping()));
        tasks.spawn(self.clone().tell_what_ends());
    }

    async fn follow_keys(self) {
        let follow = async {
            let mut changes = self.changes().await;
            loop {
                changes.changed().await;
                let mut failing = false;
                while let Err(error) = self.load_keys().await {
                    // Keys that are known go on working; an unknown one may be new, so it is not called wrong.
                    self.gateway.set_keys_current(false);
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "cannot read the keys; those that are known go on working");
                    }
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
                if failing {
                    tracing::info!("the keys can be read again");
                }
                self.gateway.set_keys_current(true);
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }

    async fn changes(&self) -> Changes {
        loop {
            match self.store.changes().await {
                Ok(changes) => return changes,
                Err(error) => tracing::error!(%error, "cannot watch the keys for changes"),
            }
            tokio::time::sleep(DATABASE_PAUSE).await;
        }
    }

    async fn follow_engine(self, mut engine: watch::Receiver<Arc<EngineStatus>>) {
        let follow = async {
            loop {
                let status = EngineStatus::clone(&engine.borrow_and_update());
                self.gateway.replace_engine(snapshot(&status));
                let up = status.state == EngineState::Up;
                self.live.publish(LiveEvent::Engine(status));
                if up {
                    self.gateway.probe_engine().await;
                }
                if engine.changed().await.is_err() {
                    return;
                }
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }

    async fn follow_gpus(self, mut gpus: watch::Receiver<Arc<GpuReport>>) {
        let follow = async {
            while gpus.changed().await.is_ok() {
                let overview = gpus.borrow_and_update().overview();
                self.live.publish(LiveEvent::Gpus(overview));
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }

    /// Shows what the engine's process does and how a switch goes, and remembers how long loading took.
    pub async fn follow_node(self, node: NodeHandle, switching: Arc<Switching>) {
        let (mut reports, mut switches) = (node.report.clone(), switching.current());
        let mut loaded = None;
        let follow = async {
            loop {
                let report = Arc::clone(&reports.borrow_and_update());
                self.live.publish(LiveEvent::Process(report.process()));
                if loaded != report.supervision.loaded
                    && let Some(load) = &report.supervision.loaded
                {
                    let took = Duration::from_millis(load.milliseconds.unsigned_abs());
                    let started_at = UnixMillis(load.started_at);
                    let noted = self
                        .store
                        .note_engine_load(&node.name, &load.profile, started_at, took)
                        .await;
                    match noted {
                        Ok(()) => loaded = Some(load.clone()),
                        Err(error) => tracing::warn!(%error, "cannot write down how long loading took"),
                    }
                }
                if let Some(switch) = switches.borrow_and_update().clone() {
                    self.live.publish(LiveEvent::Switch(switch));
                }
                let changed = tokio::select! {
                    changed = reports.changed() => changed,
                    changed = switches.changed() => changed,
                };
                if changed.is_err() {
                    return;
                }
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }

    /// Puts profiles in force that the configuration has come to have.
    pub async fn follow_profiles(self, mut profiles: watch::Receiver<Arc<Vec<config::Profile>>>) {
        let follow = async {
            while profiles.changed().await.is_ok() {
                let models = profiles.borrow_and_update().iter().map(model_profile).collect();
                self.gateway.replace_profiles(models);
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }

    async fn follow_metrics(self, mut metrics: watch::Receiver<Arc<EngineMetrics>>) {
        let follow = async {
            while metrics.changed().await.is_ok() {
                let figures = EngineMetrics::clone(&metrics.borrow_and_update());
                self.live.publish(LiveEvent::Metrics(figures));
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }

    /// Asks the database now and then whether it is there. One that does not answer at once is away.
    async fn follow_database(self, away: watch::Sender<bool>) {
        let mut beat = beat(DATABASE_PAUSE);
        while self.stopping.run_until_cancelled(beat.tick()).await.is_some() {
            let answers = timeout(DATABASE_PATIENCE, self.store.ping()).await;
            away.send_replace(!matches!(answers, Ok(Ok(()))));
        }
    }

    /// Once a second: what passed since the last time.
    async fn sample(self, load: Option<LoadMeter>, database_away: watch::Receiver<bool>) {
        let mut before = self.gateway.counters();
        let mut beat = beat(Duration::from_secs(1));
        while self.stopping.run_until_cancelled(beat.tick()).await.is_some() {
            let now = self.gateway.counters();
            self.live.publish(LiveEvent::Sample(LiveSample {
                database_away: *database_away.borrow(),
                ..difference(before, now, self.clock.now().0)
            }));
            before = now;
            if let Some(load) = &load {
                load.pass_on(now);
            }
        }
    }

    async fn tell_what_ends(self) {
        self.stopping.run_until_cancelled(self.tail.run()).await;
    }

    async fn sweep_sessions(self) {
        let mut beat = beat(SESSION_SWEEP);
        while self.stopping.run_until_cancelled(beat.tick()).await.is_some() {
            if let Err(error) = self.store.delete_expired_sessions().await {
                tracing::warn!(%error, "cannot delete ended sessions");
            }
        }
    }
}

/// Beats `every` so often, for the first time after one interval; a beat that was missed is left out.
pub fn beat(every: Duration) -> Interval {
    let mut beat = interval_at(Instant::now() + every, every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    beat
}

/// What the data path needs to know of the engine. A model that was live stays known while the engine is away.
pub fn snapshot(status: &EngineStatus) -> EngineSnapshot {
    let known = status.state == EngineState::Up || !status.model.is_empty();
    EngineSnapshot {
        model: known.then(|| status.model.clone()),
        max_model_len: status.max_model_len,
    }
}

fn difference(before: CounterSnapshot, now: CounterSnapshot, at: i64) -> LiveSample {
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    LiveSample {
        at,
        requests: small(now.admitted - before.admitted),
        prompt_tokens: now.prompt_tokens - before.prompt_tokens,
        completion_tokens: now.completion_tokens - before.completion_tokens,
        in_flight: small(now.in_flight),
        waiting: small(now.waiting),
        database_away: false,
        failures: small(now.engine_failures - before.engine_failures),
    }
}
