//! The machine that is served from: its GPUs, its engine, and what runs that engine.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{EngineMetrics, EngineState, EngineStatus, GpuReport};
use worv_core::Clock;
use worv_node::{
    engine::{self, EngineConfig},
    gpu::{self, GpuConfig},
    machine::NodeHandle,
    remote::RemoteNode,
    switching::{Switching, SwitchingConfig},
};
use worv_proxy::Gateway;
use worv_store::Store;

use super::{
    data_path::SwitchedGateway,
    demo::{Demo, LoadMeter, Prepared},
    node::{self, Managed},
    ready::Credentials,
    reload::{self, ProfileChanger, Profiles},
};
use crate::{
    command,
    config::Config,
    failure::{Failure, Kind},
};

/// How long a node gets for what should take no time: to end what does not end by itself, and to see memory come back.
const MARGIN: Duration = Duration::from_mins(3);

/// How often the GPUs are read.
const GPU_INTERVAL: Duration = Duration::from_secs(1);

/// What everything about the machine is started with.
pub struct Setting<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Where the engine answers.
    pub engine_url: &'a reqwest::Url,
    /// Tells the time.
    pub clock: &'a Clock,
    /// Ends everything.
    pub stopping: &'a CancellationToken,
}

/// An engine under watch, with what it first said.
pub type Watched = (watch::Receiver<Arc<EngineStatus>>, EngineStatus);

/// What is watched, and what runs.
pub struct Machine {
    /// Whether the engine answers.
    pub engine: watch::Receiver<Arc<EngineStatus>>,
    /// What it said first.
    pub engine_status: EngineStatus,
    /// What it measures of itself.
    pub metrics: watch::Receiver<Arc<EngineMetrics>>,
    /// The GPUs.
    pub gpus: watch::Receiver<Arc<GpuReport>>,
    /// The profiles in force.
    pub profiles: Profiles,
    /// Puts others in force.
    pub changer: ProfileChanger,
    /// What runs the engine; none where others do.
    pub node: Option<NodeHandle>,
    /// Takes the reports of an agent that does.
    pub remote: Option<Arc<RemoteNode>>,
    /// Drives the simulated GPUs.
    pub load: Option<LoadMeter>,
    /// What to try the demo with.
    pub credentials: Option<Credentials>,
}

impl Setting<'_> {
    /// The engine, if others run it: it is asked at once. One of ours is not there yet.
    pub async fn foreign_engine(&self) -> Result<Option<Watched>, Failure> {
        if self.config.runs_engine() {
            return Ok(None);
        }
        let (engine, status) = self.watch_engine().await;
        if self.config.engine.must_answer_at_start && status.state != EngineState::Up {
            return Err(no_engine(&status));
        }
        Ok(Some((engine, status)))
    }

    /// Watches the GPUs, and takes the engine into our care if it is ours; on another machine, an agent does both.
    pub async fn start_machine(
        &self,
        demo: Option<&Demo>,
        prepared: Option<Prepared>,
        foreign: Option<Watched>,
    ) -> Machine {
        let remote = self.config.agent.reports_here().then(|| {
            let name = &self.config.node.name;
            RemoteNode::new(name, self.clock.clone(), self.stopping.clone())
        });
        let gpus = match &remote {
            Some(remote) => remote.gpus(),
            None => gpu::watch(
                gpu_config(self.config, prepared.as_ref()),
                self.clock.clone(),
                self.stopping.clone(),
            ),
        };
        let config = engine_config(self.config, self.engine_url);
        let metrics = engine::metrics::watch(config.clone(), self.clock.clone(), self.stopping.clone());
        let (profiles, changer) = reload::profiles(&self.config.profile);
        let node = match &remote {
            Some(remote) => Some(remote.handle()),
            None => self.config.runs_engine().then(|| {
                node::look_after_engine(
                    self.config,
                    config,
                    &profiles,
                    gpus.clone(),
                    metrics.clone(),
                    self.stopping,
                )
            }),
        };
        if let (Some(demo), Some(node)) = (demo, &node) {
            node::until_started(node).await;
            changer.replace(&demo.profiles_to_switch_to(self.config));
        }
        let (engine, engine_status) = match foreign {
            Some(foreign) => foreign,
            None => self.watch_engine().await,
        };
        let (load, credentials) = prepared
            .map(|made| (LoadMeter::new(made.gpus, node.clone()), made.credentials))
            .unzip();
        Machine {
            engine,
            engine_status,
            metrics,
            gpus,
            profiles,
            changer,
            node,
            remote,
            load,
            credentials,
        }
    }

    /// Switching, if the engine is ours; a switch that the last gateway left is carried on.
    pub async fn switching(
        &self,
        machine: &Machine,
        store: &Store,
        gateway: &Arc<Gateway>,
    ) -> Result<Option<Managed>, Failure> {
        let Some(node) = machine.node.clone() else {
            return Ok(None);
        };
        let data_path = SwitchedGateway {
            gateway: Arc::clone(gateway),
            clock: self.clock.clone(),
        };
        let switching = SwitchingConfig {
            node: node.clone(),
            store: store.clone(),
            data_path: Arc::new(data_path),
            engine: machine.engine.clone(),
            engine_config: engine_config(self.config, self.engine_url),
            margin: MARGIN,
            clock: self.clock.clone(),
            stopping: self.stopping.clone(),
        };
        let switching = Switching::start(switching).await.map_err(command::store_failure)?;
        Ok(Some(Managed { node, switching }))
    }

    async fn watch_engine(&self) -> Watched {
        let config = engine_config(self.config, self.engine_url);
        let mut engine = engine::watch(config, self.clock.clone(), self.stopping.clone());
        let status = first_answer(&mut engine).await;
        (engine, status)
    }
}

/// The engine's state once it has been asked for the first time.
async fn first_answer(engine: &mut watch::Receiver<Arc<EngineStatus>>) -> EngineStatus {
    let answered = engine.wait_for(|status| status.state != EngineState::Starting).await;
    answered.map_or_else(|_| EngineStatus::starting(0), |status| EngineStatus::clone(&status))
}

fn no_engine(status: &EngineStatus) -> Failure {
    let cure =
        "Start it, correct the address, or set engine.must_answer_at_start = false to serve without it meanwhile.";
    Failure::new(Kind::Unavailable, format!("engine.url: {} {cure}", status.detail))
}

/// How the engine is asked.
pub fn engine_config(config: &Config, url: &reqwest::Url) -> EngineConfig {
    EngineConfig {
        api_key: config.engine.api_key.clone(),
        ..EngineConfig::new(url.clone())
    }
}

/// How the GPUs are read.
pub fn gpu_config(config: &Config, demo: Option<&Prepared>) -> GpuConfig {
    let demo_library = demo.map(|demo| demo.gpus.library().to_owned());
    GpuConfig {
        library: config.gpu.nvml_library.clone().or(demo_library),
        interval: GPU_INTERVAL,
    }
}
