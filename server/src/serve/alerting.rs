//! Looking out for what somebody has to be told of.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_store::usage::Writer;

use super::machine::Machine;
use crate::{
    alerts::{self, Sources, Webhook},
    config::Config,
    console::Console,
    failure::Failure,
    tls::Tls,
};

/// Begins it, if the configuration names somebody to tell; it goes on until `stopping`.
pub fn start(
    config: &Config,
    console: &Console,
    machine: &Machine,
    (usage, tls): (&Arc<Writer>, Option<Arc<Tls>>),
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) -> Result<(), Failure> {
    let Some(webhook) = Webhook::of(&config.alerts)? else {
        return Ok(());
    };
    let sources = Sources {
        gateway: Arc::clone(&console.gateway),
        engine: machine.engine.clone(),
        switch: console.node.managed.as_ref().map(|managed| managed.switching.current()),
        gpus: machine.gpus.clone(),
        store: console.store.clone(),
        usage: Arc::clone(usage),
        tls,
        data_dir: config.server.data_dir.clone(),
    };
    let watch = alerts::watch(webhook, config.alerts.clone(), sources, console.clock.clone());
    tasks.spawn(stopping.clone().run_until_cancelled_owned(watch));
    Ok(())
}
