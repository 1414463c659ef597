//! A machine on which a supervisor runs engines.

use std::{path::Path, process::Command, sync::Arc};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{EngineMetrics, GpuReport, ProcessState};
use worv_core::{Clock, Entropy};
use worv_node::{
    engine::EngineConfig,
    supervisor::{Launch, LaunchProfile, LogTail, Order, Supervision, SupervisorConfig, SupervisorInputs, supervise},
};

use super::ports::engine_port;

/// A folder, a port, and a supervisor that may be exchanged for another.
pub(crate) struct Machine {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) port: u16,
    pub(crate) state: watch::Receiver<Arc<Supervision>>,
    pub(crate) log: LogTail,
    profiles: watch::Sender<Arc<Vec<LaunchProfile>>>,
    orders: watch::Sender<Option<Order>>,
    cancel: CancellationToken,
}

/// A simulated engine that serves `model` on `port`.
pub(crate) fn simulated(model: &str, port: u16) -> Launch {
    let listen = format!("127.0.0.1:{port}");
    Launch {
        stop_seconds: 5,
        restart_pause_seconds: 0,
        restart_attempts: 2,
        ..Launch::new([
            env!("CARGO_BIN_EXE_worv"),
            "sim",
            "--model",
            model,
            "--listen",
            &listen,
            // Long enough to be seen by whoever looks now and then.
            "--load-ms",
            "1500",
            "--shards",
            "4",
            "--until-process",
            &std::process::id().to_string(),
        ])
    }
}

/// What `sh -c script` runs.
pub(crate) fn shell(script: &str) -> Launch {
    Launch {
        stop_seconds: 1,
        restart_pause_seconds: 0,
        restart_attempts: 1,
        ..Launch::new(["sh", "-c", script])
    }
}

/// Ids of the processes whose command line has `text` in it, this test's own aside.
pub(crate) fn processes_with(text: &str) -> Vec<u32> {
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if pid != own && String::from_utf8_lossy(&line).contains(text) {
            found.push(pid);
        }
    }
    found
}

/// Sends a signal by its name.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Kills a process, and returns when it runs no more: a signal takes effect later.
pub(crate) fn kill(pid: u32) {
    signal(pid, "KILL");
    let runs = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Its name, in parentheses, may have anything in it (`proc_pid_stat(5)`).
        stat.rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    while runs() {
        std::thread::yield_now();
    }
}

impl Machine {
    /// A supervisor in a new folder that runs the first profile.
    pub(crate) fn start(profiles: impl FnOnce(u16, &Path) -> Vec<(&'static str, Launch)>) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), engine_port());
        let profile = |(name, launch): (&str, Launch)| LaunchProfile {
            name: name.to_owned(),
            description: String::new(),
            launch: Some(launch),
        };
        let profiles = profiles(port, folder.path()).into_iter().map(profile).collect();
        let (profiles, _) = watch::channel(Arc::new(profiles));
        let (orders, _) = watch::channel(None);
        let (state, log, cancel) = supervisor(folder.path(), port, &profiles, &orders);
        Self {
            folder,
            port,
            state,
            log,
            profiles,
            orders,
            cancel,
        }
    }

    /// Exchanges the supervisor for a new one, as a restart of the program does.
    pub(crate) async fn restart(&mut self) {
        self.let_go().await;
        self.take_up();
    }

    /// Ends the supervisor, and nothing else.
    pub(crate) async fn let_go(&mut self) {
        self.cancel.cancel();
        while self.state.changed().await.is_ok() {}
        self.orders.send_replace(None);
    }

    /// Starts another supervisor.
    pub(crate) fn take_up(&mut self) {
        (self.state, self.log, self.cancel) = supervisor(self.folder.path(), self.port, &self.profiles, &self.orders);
    }

    pub(crate) fn order(&self, id: i64, profile: Option<&str>) {
        let profile = profile.map(str::to_owned);
        self.orders.send_replace(Some(Order { id, profile }));
    }

    pub(crate) async fn until(&mut self, wanted: impl Fn(&Supervision) -> bool) -> Supervision {
        let seen = self.state.wait_for(|state| wanted(state)).await.unwrap();
        Supervision::clone(&seen)
    }

    pub(crate) async fn until_running(&mut self, profile: &str) -> Supervision {
        self.until(|state| state.process.state == ProcessState::Running && state.process.profile == profile)
            .await
    }

    /// Orders that nothing runs, and waits for it.
    pub(crate) async fn stop(&mut self, order: i64) {
        self.order(order, None);
        self.until(|state| state.order == order && state.process.state == ProcessState::Stopped)
            .await;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

type Running = (watch::Receiver<Arc<Supervision>>, LogTail, CancellationToken);

fn supervisor(
    folder: &Path,
    port: u16,
    profiles: &watch::Sender<Arc<Vec<LaunchProfile>>>,
    orders: &watch::Sender<Option<Order>>,
) -> Running {
    let cancel = CancellationToken::new();
    let config = SupervisorConfig {
        folder: folder.join("node"),
        engine: EngineConfig::new(format!("http://127.0.0.1:{port}").parse().unwrap()),
        clock: Clock::System,
        entropy: Entropy::System,
    };
    let inputs = SupervisorInputs {
        profiles: profiles.subscribe(),
        orders: orders.subscribe(),
        gpus: watch::channel(Arc::new(GpuReport::starting())).1,
        metrics: watch::channel(Arc::new(EngineMetrics::default())).1,
    };
    let supervisor = supervise(config, inputs, cancel.clone());
    (supervisor.state, supervisor.log, cancel)
}
