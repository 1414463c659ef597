//! Starting the engine.

use std::{future, time::Duration};

use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use worv_api::ProcessState;

use super::{Engine, Keeper};
use crate::supervisor::{
    Stage,
    launch::{Launch, LaunchProfile},
    process,
    process_table::killed_for_memory,
    record::Starting,
};

/// How long an address may take to say that somebody listens there.
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);

impl Keeper {
    /// Starts the engine, after a pause if it has failed before; none if it did not come to that.
    pub(super) async fn bring_up(&mut self, wanted: &str) -> Option<Engine> {
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
        let started_at = self.config.clock.now().0;
        self.record.starting = Some(Starting {
            profile: profile.name.clone(),
            run: run.clone(),
            started_at,
        });
        self.save();
        let process = process::start(launch, run, &file).map_err(|error| {
            let program = &launch.argv[0];
            format!("The engine cannot be started: {program}: {error}. Correct argv in the profile's [profile.launch].")
        })?;
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
}
