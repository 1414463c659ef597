//! Switching from one profile to another, without a request that fails for it.
//!
//! New requests are held and those under way finish; the engine is ended and the other one started; when that has given
//! a sensible answer, the requests that waited go on to it. What fails is undone: the profile before is brought back.
//! Each step is written to the database before it is taken, so that a gateway that ends in the middle of it carries on
//! from there when it is back.

use std::{pin::Pin, sync::Arc, time::Duration};

use tokio::sync::{Mutex, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_api::{ApiError, EngineStatus, ProcessState, Switch, SwitchPhase};
use worv_core::{Clock, UnixMillis};
use worv_store::{Actor, BegunSwitch, Store, StoreError};

use self::{course::Course, trial::Trial};
use crate::{
    engine::EngineConfig,
    machine::{NodeHandle, NodeReport, ProfileFacts},
};

mod course;
mod trial;

/// The data path, as far as a switch needs it.
pub trait DataPath: Send + Sync {
    /// From now on new requests wait. `ready_at` is when the engine is expected to serve, for those that ask when to
    /// come back; none while nothing is known about it.
    fn hold(&self, ready_at: Option<UnixMillis>);
    /// Answers that are still under way.
    fn under_way(&self) -> u64;
    /// Resolves once there are none.
    fn drained(&self) -> Done<'_>;
    /// What waits goes on to the engine as it is now; so does what is new.
    fn release(&self, engine: Arc<EngineStatus>) -> Done<'_>;
}

/// Something that takes a while.
pub type Done<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What switching works with.
pub struct SwitchingConfig {
    /// The node whose engine is switched.
    pub node: NodeHandle,
    /// Where switches are kept.
    pub store: Store,
    /// The data path.
    pub data_path: Arc<dyn DataPath>,
    /// The engine as the gateway sees it.
    pub engine: watch::Receiver<Arc<EngineStatus>>,
    /// Where the engine answers.
    pub engine_config: EngineConfig,
    /// How long the node gets for what should take no time, on top of what its configuration allows.
    pub margin: Duration,
    /// Tells the time.
    pub clock: Clock,
    /// Ends everything.
    pub stopping: CancellationToken,
}

/// Switches a node's engine, one switch at a time.
pub struct Switching {
    config: SwitchingConfig,
    trial: Trial,
    /// The switch under way, or the last one since the gateway started.
    current: watch::Sender<Option<Switch>>,
    /// The id of the switch that somebody has called off.
    called_off: watch::Sender<i64>,
    /// Held while a switch begins or is called off.
    deciding: Mutex<()>,
    tasks: TaskTracker,
}

impl Switching {
    /// Ready to switch. A switch that was under way when the last gateway ended is carried on.
    pub async fn start(config: SwitchingConfig) -> Result<Arc<Self>, StoreError> {
        let left = config.store.switch_under_way(&config.node.name).await?;
        let switching = Arc::new(Self {
            trial: Trial::new(&config.engine_config),
            config,
            current: watch::Sender::new(None),
            called_off: watch::Sender::new(0),
            deciding: Mutex::new(()),
            tasks: TaskTracker::new(),
        });
        if let Some(mut switch) = left {
            let note = format!("The gateway was restarted in the step {}.", phase_words(switch.phase()));
            tracing::warn!(id = switch.id, to = switch.to, detail = note, "carrying on a switch");
            add_sentence(&mut switch.detail, &note);
            // Before it is told to end, the engine before still answers: then requests wait only from the draining on.
            if !switch.steps.iter().all(|step| step.phase == SwitchPhase::Draining) {
                switching.config.data_path.hold(None);
            }
            switching.carry_out(switch);
        }
        Ok(switching)
    }

    /// The switch under way, or the last one since the gateway started.
    pub fn current(&self) -> watch::Receiver<Option<Switch>> {
        self.current.subscribe()
    }

    /// Begins a switch.
    ///
    /// # Errors
    /// 404 for a profile that is not there; 409 for one that cannot be started or is live, and while another switch is
    /// under way; 503 while the database is away or the node does not report.
    pub async fn begin(self: &Arc<Self>, to: &str, by: &Actor) -> Result<Switch, ApiError> {
        let _deciding = self.deciding.lock().await;
        let report = Arc::clone(&self.config.node.report.borrow());
        check(&report, to)?;
        let process = &report.supervision.process;
        let from = if process.state == ProcessState::Stopped {
            ""
        } else {
            &process.profile
        };
        let node = &self.config.node.name;
        let begun = self.config.store.begin_switch(node, from, to, by).await;
        match begun.map_err(|error| database_away(&error))? {
            BegunSwitch::Begun(switch) => {
                tracing::info!(id = switch.id, from, to, actor = switch.actor, "a switch begins");
                self.carry_out(switch.clone());
                Ok(switch)
            }
            BegunSwitch::Held(switch) => Err(held(&switch)),
        }
    }

    /// Calls the switch under way off, and waits until the profile before serves again.
    ///
    /// # Errors
    /// 409 if there is none, or if the engine before it is gone already.
    pub async fn cancel(&self, by: &Actor) -> Result<Switch, ApiError> {
        let _deciding = self.deciding.lock().await;
        let mut current = self.current.subscribe();
        let switch = current.borrow_and_update().clone();
        let Some(switch) = switch.filter(|switch| switch.ended_at.is_none()) else {
            return Err(ApiError::new(409, "no_switch", "There is no switch under way."));
        };
        let entry = by.did("switch.cancel", format!("switch {}", switch.id));
        if switch.can_cancel {
            self.config
                .store
                .audit(entry)
                .await
                .map_err(|error| database_away(&error))?;
            self.called_off.send_replace(switch.id);
        }
        let settled = |now: &Option<Switch>| {
            now.as_ref()
                .is_none_or(|now| now.id != switch.id || now.ended_at.is_some() || !now.can_cancel)
        };
        let settled = current.wait_for(settled).await.ok().and_then(|now| now.clone());
        match settled {
            Some(now) if now.outcome == Some(worv_api::SwitchOutcome::Cancelled) => Ok(now),
            _ => {
                let message = format!(
                    "The switch to {} cannot be called off any more: the engine before it is gone. If it fails, {} is \
                     brought back.",
                    switch.to,
                    if switch.from.is_empty() {
                        "nothing"
                    } else {
                        &switch.from
                    }
                );
                Err(ApiError::new(409, "too_late_to_cancel", message))
            }
        }
    }

    /// Resolves when no switch is being carried out any more, after the gateway was told to stop.
    pub async fn ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn carry_out(self: &Arc<Self>, switch: Switch) {
        self.current.send_replace(Some(switch.clone()));
        let switching = Arc::clone(self);
        let stopping = self.config.stopping.clone();
        let course = async move { Course::new(switching, switch).run().await };
        self.tasks
            .spawn(async move { stopping.run_until_cancelled(course).await });
    }
}

/// What a step is called in a sentence.
fn phase_words(phase: SwitchPhase) -> &'static str {
    match phase {
        SwitchPhase::Draining => "Draining",
        SwitchPhase::Stopping => "Stopping",
        SwitchPhase::Starting => "Starting",
        SwitchPhase::Loading => "Loading",
        SwitchPhase::Warming => "Warming",
        SwitchPhase::SmokeTest => "Smoke test",
        SwitchPhase::Live => "Live",
    }
}

/// Adds a sentence to what is said already.
fn add_sentence(text: &mut String, sentence: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(sentence);
}

/// Whether the node can be switched to `to`.
fn check(report: &NodeReport, to: &str) -> Result<(), ApiError> {
    if !report.silence.is_empty() {
        let message = format!("{} Nothing can be switched there meanwhile.", report.silence);
        return Err(ApiError::new(503, "node_silent", message));
    }
    let known = |facts: &&ProfileFacts| facts.name == to;
    let Some(facts) = report.profiles.iter().find(known) else {
        let message = format!("There is no profile {to:?} in the node's configuration.");
        return Err(ApiError::new(404, "unknown_profile", message));
    };
    if !facts.can_start {
        let message = format!("The configuration does not say how to start {to}: give it a [profile.launch].");
        return Err(ApiError::new(409, "cannot_start", message));
    }
    let process = &report.supervision.process;
    if process.state == ProcessState::Running && process.profile == to {
        return Err(ApiError::new(409, "already_live", format!("{to} is live already.")));
    }
    Ok(())
}

fn held(switch: &Switch) -> ApiError {
    let message = format!(
        "{} holds the switch: from {} to {}, now in the step {}. Wait for its end, or cancel it.",
        switch.actor,
        if switch.from.is_empty() {
            "nothing"
        } else {
            &switch.from
        },
        switch.to,
        phase_words(switch.phase())
    );
    ApiError::new(409, "switch_under_way", message)
}

fn database_away(error: &StoreError) -> ApiError {
    tracing::error!(%error, "the database failed");
    let message = "The database does not answer. Nothing was changed; try again in a moment.";
    ApiError::new(503, "database_unavailable", message)
}
