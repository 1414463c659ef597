//! `worv agent`: the machine that the engine runs on, for a gateway that runs elsewhere.
//!
//! It watches the GPUs and looks after the engine as a gateway does for its own machine; what is to run, the gateway says.
//! While that cannot be reached, what runs goes on.

use std::{fs::File, path::Path};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_core::{Clock, Entropy};
use worv_node::{engine, gpu};

use super::{create_for_owner, engine_url, log, machine, node::look_after_engine, notify, reload, stop_when_told};
use crate::{
    config::{Config, Origin},
    failure::{Failure, Kind},
};
use link::Link;

mod link;

/// The file in the data folder that one agent at a time holds.
const LOCK: &str = "agent.lock";

/// Runs until the process is told to stop (SIGTERM, SIGINT); the engine goes on.
pub async fn agent(config: Config, origin: &Origin) -> Result<(), Failure> {
    let Some(gateway) = &config.agent.gateway else {
        let message = "agent.gateway is not set: give the console's address at the gateway, such as \
                       https://admin.proxy.example.com; `worv serve` serves without an agent";
        return Err(Failure::new(Kind::Config, message));
    };
    let engine_url = engine_url(&config, None)?;
    let link = Link::new(gateway, &config.agent.token()?, &config.node.name)?;
    let _lock = lock(&config.server.data_dir)?;
    log::start(&config.log)?;

    let (clock, stopping, tasks) = (Clock::System, CancellationToken::new(), TaskTracker::new());
    stop_when_told(&tasks, &stopping)?;
    let gpus = gpu::watch(machine::gpu_config(&config, None), clock.clone(), stopping.clone());
    let engine = machine::engine_config(&config, &engine_url);
    let metrics = engine::metrics::watch(engine.clone(), clock, stopping.clone());
    let (profiles, changer) = reload::profiles(&config.profile);
    let node = look_after_engine(&config, engine, &profiles, gpus.clone(), metrics, &stopping);
    tasks.spawn(reload::follow(
        origin.file.clone(),
        config.clone(),
        changer,
        stopping.clone(),
    ));
    tracing::info!(gateway, node = node.name, "the agent reports to the gateway");
    notify::ready();
    stopping
        .run_until_cancelled(link.report(&node, gpus, &Entropy::System))
        .await;
    tracing::info!("stopping; the engine goes on");
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// Two agents would start two engines.
fn lock(folder: &Path) -> Result<File, Failure> {
    let failed = |kind, error: &dyn std::fmt::Display| {
        let file = folder.join(LOCK);
        Failure::new(
            kind,
            format!("server.data_dir: cannot take {}: {error}", file.display()),
        )
    };
    let file = create_for_owner(folder)
        .and_then(|()| File::create(folder.join(LOCK)))
        .map_err(|error| failed(Kind::CannotCreate, &error))?;
    file.try_lock().map_err(|_| {
        failed(
            Kind::Unavailable,
            &"another agent has it; end that, or choose another folder",
        )
    })?;
    Ok(file)
}
