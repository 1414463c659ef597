//! A node as the gateway holds it: what it says of itself, and what it is told.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{EngineProcess, ProcessState};

use crate::supervisor::{LaunchProfile, LogTail, Order, Supervision, Supervisor};

/// A node. Cheap to clone.
#[derive(Clone)]
pub struct NodeHandle {
    /// What it is called in the database.
    pub name: String,
    /// What it last said.
    pub report: watch::Receiver<Arc<NodeReport>>,
    /// What it is to run.
    pub orders: Arc<watch::Sender<Option<Order>>>,
    /// The last lines of its engine's log.
    pub log: LogTail,
}

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// How far its supervisor is.
    pub supervision: Supervision,
    /// The profiles of its configuration, in their order.
    pub profiles: Vec<ProfileFacts>,
    /// Why its configuration could not be taken over when it was last read; empty if it could.
    pub configuration_error: String,
    /// Why nothing newer is known of it, in words; empty while it reports. The rest is what it said last.
    pub silence: String,
}

/// What others need to know of a profile. How it is started stays on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileFacts {
    /// The name that the engine serves it under.
    pub name: String,
    /// What it is, for a person.
    pub description: String,
    /// Whether it can be started.
    pub can_start: bool,
    /// Seconds that answers under way get before it is stopped.
    pub drain_seconds: u64,
    /// Seconds from being told to end to being killed.
    pub stop_seconds: u64,
    /// Seconds that a start is expected to take.
    pub load_seconds: u64,
    /// Seconds after which a start has failed.
    pub start_timeout_seconds: u64,
}

/// The profiles in force, and what is wrong with those on disk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileSet {
    /// In the configuration's order.
    pub profiles: Arc<Vec<LaunchProfile>>,
    /// Why what is on disk could not be taken over; empty if it could.
    pub error: String,
}

impl NodeReport {
    /// The engine's process, as it is shown: nobody knows what that of a silent node does.
    pub fn process(&self) -> EngineProcess {
        let mut process = self.supervision.process.clone();
        if !self.silence.is_empty() {
            process.state = ProcessState::Unknown;
            process.detail.clone_from(&self.silence);
        }
        process
    }
}

impl NodeHandle {
    /// The node that this program itself is. Must be called inside a Tokio runtime.
    pub fn local(
        name: &str,
        supervisor: &Supervisor,
        profiles: watch::Receiver<ProfileSet>,
        orders: Arc<watch::Sender<Option<Order>>>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            name: name.to_owned(),
            report: reports(supervisor, profiles, cancel),
            orders,
            log: supervisor.log.clone(),
        }
    }
}

/// What this node says of itself, whenever that changes. Must be called inside a Tokio runtime.
pub fn reports(
    supervisor: &Supervisor,
    mut profiles: watch::Receiver<ProfileSet>,
    cancel: CancellationToken,
) -> watch::Receiver<Arc<NodeReport>> {
    let mut state = supervisor.state.clone();
    let first = report(&state.borrow_and_update(), &profiles.borrow_and_update());
    let (sender, receiver) = watch::channel(Arc::new(first));
    let follow = async move {
        loop {
            let changed = tokio::select! {
                changed = state.changed() => changed,
                changed = profiles.changed() => changed,
            };
            if changed.is_err() {
                return;
            }
            let next = report(&state.borrow_and_update(), &profiles.borrow_and_update());
            sender.send_replace(Arc::new(next));
        }
    };
    tokio::spawn(async move { cancel.run_until_cancelled(follow).await });
    receiver
}

fn report(supervision: &Supervision, profiles: &ProfileSet) -> NodeReport {
    NodeReport {
        supervision: supervision.clone(),
        profiles: profiles.profiles.iter().map(facts).collect(),
        configuration_error: profiles.error.clone(),
        silence: String::new(),
    }
}

fn facts(profile: &LaunchProfile) -> ProfileFacts {
    let launch = profile.launch.as_ref();
    ProfileFacts {
        name: profile.name.clone(),
        description: profile.description.clone(),
        can_start: launch.is_some(),
        drain_seconds: launch.map_or(0, |launch| launch.drain_seconds),
        stop_seconds: launch.map_or(0, |launch| launch.stop_seconds),
        load_seconds: launch.map_or(0, |launch| launch.load_seconds),
        start_timeout_seconds: launch.map_or(0, |launch| launch.start_timeout_seconds),
    }
}
