//! The machine as the server holds it: its GPUs with their last minutes, the profiles that it can run, and the engine
//! under its care.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{EngineMetrics, GpuPoint, GpuReport, ProcessState};
use worv_core::{Clock, Entropy};
use worv_node::{
    engine::EngineConfig,
    gpu,
    history::History,
    machine::NodeHandle,
    supervisor::{Order, SupervisorConfig, SupervisorInputs, supervise},
    switching::Switching,
};

use super::{machine::Machine, reload::Profiles};
use crate::config::{self, Config};

/// The machine.
pub struct Node {
    /// What it is called in the database.
    pub name: String,
    /// The engine under its care; none where others run it.
    pub managed: Option<Managed>,
    /// Whether an agent in another machine looks after it.
    pub by_agent: bool,
    /// The latest reading of the GPUs.
    gpus: watch::Receiver<Arc<GpuReport>>,
    /// The last 15 minutes of them.
    gpu_history: History<GpuPoint>,
    profiles: Profiles,
}

/// An engine that can be switched.
pub struct Managed {
    /// The node that runs it.
    pub node: NodeHandle,
    /// Switches it.
    pub switching: Arc<Switching>,
}

impl Node {
    /// The machine as it was started; keeps the last minutes until `stopping`.
    pub fn new(name: &str, machine: &Machine, managed: Option<Managed>, stopping: CancellationToken) -> Self {
        Self {
            name: name.to_owned(),
            managed,
            by_agent: machine.remote.is_some(),
            gpu_history: gpu::record(machine.gpus.clone(), stopping),
            gpus: machine.gpus.clone(),
            profiles: machine.profiles.clone(),
        }
    }

    /// The latest reading of the GPUs.
    pub fn gpu_report(&self) -> GpuReport {
        GpuReport::clone(&self.gpus.borrow())
    }

    /// The last 15 minutes of the GPUs.
    pub fn gpu_history(&self) -> Vec<GpuPoint> {
        self.gpu_history.points()
    }

    /// The profiles of the configuration.
    pub fn profiles(&self) -> Arc<Vec<config::Profile>> {
        Arc::clone(&self.profiles.configured.borrow())
    }
}

/// Takes the engine into our care: the one that runs, or a new one.
pub fn look_after_engine(
    config: &Config,
    engine: EngineConfig,
    profiles: &Profiles,
    gpus: watch::Receiver<Arc<GpuReport>>,
    metrics: watch::Receiver<Arc<EngineMetrics>>,
    stopping: &CancellationToken,
) -> NodeHandle {
    let orders: Arc<watch::Sender<Option<Order>>> = Arc::new(watch::Sender::new(None));
    let supervisor = supervise(
        SupervisorConfig {
            folder: config.server.data_dir.join("node"),
            engine,
            clock: Clock::System,
            entropy: Entropy::System,
        },
        SupervisorInputs {
            profiles: profiles.launch.clone(),
            orders: orders.subscribe(),
            gpus,
            metrics,
        },
        stopping.clone(),
    );
    NodeHandle::local(
        &config.node.name,
        &supervisor,
        profiles.set.clone(),
        orders,
        stopping.clone(),
    )
}

/// Waits until the engine answers, or has failed.
pub async fn until_started(node: &NodeHandle) {
    let mut report = node.report.clone();
    let started = |process: &worv_api::EngineProcess| process.state == ProcessState::Running || process.failures > 0;
    // If the watch ends, the gateway is stopping.
    let _ = report.wait_for(|report| started(&report.supervision.process)).await;
}
