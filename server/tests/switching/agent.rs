//! An agent as a process, and a network between it and the gateway that can fail.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use worv_sim::gpus::{DemoGpus, built_library};

use super::{
    gateway::{Gateway, a_moment},
    ports::engine_port,
};

/// The secret of the tests.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A machine with eight simulated GPUs whose engine an agent looks after.
pub(crate) struct Agent {
    pub(crate) gpus: DemoGpus,
    folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
    process: Child,
}

/// A way to a port that can be cut.
pub(crate) struct Wire {
    pub(crate) url: String,
    is_up: watch::Sender<bool>,
}

/// A gateway, an agent, and what is between them.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) agent: Agent,
    pub(crate) wire: Wire,
}

impl World {
    /// A gateway whose engine is run by an agent with these profiles; waits until the first one serves, and the gateway has
    /// heard of it.
    pub(crate) async fn start(port: u16, profiles: &str) -> Self {
        let listen = engine_port();
        let wire = Wire::to(listen).await;
        let agent = Agent::start(port, profiles, &wire.url, TOKEN);
        let settings = [
            ("WORV_SERVER__LISTEN", format!("127.0.0.1:{listen}")),
            ("WORV_AGENT__TOKEN_FILE", agent.token_file()),
        ];
        let names = "[[profile]]\nname = \"Alpha\"\n[[profile]]\nname = \"Beta\"\n";
        let gateway = Gateway::start(port, names, &settings).await;
        while gateway.get("profiles").await["process"]["state"] != "running" {
            a_moment().await;
        }
        assert_eq!(gateway.get("profiles").await["by_agent"], true);
        Self { gateway, agent, wire }
    }
}

impl Agent {
    /// One that reports to a gateway.
    pub(crate) fn start(port: u16, profiles: &str, gateway: &str, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let gpus = DemoGpus::install(&built_library().unwrap(), &folder.path().join("nvml")).unwrap();
        // Memory that no engine here gives back would be waited for.
        gpus.set(0.0, 0.0).unwrap();
        fs::write(folder.path().join("token"), token).unwrap();
        fs::write(folder.path().join("agent.toml"), profiles).unwrap();
        let settings = vec![
            ("WORV_AGENT__GATEWAY", gateway.to_owned()),
            ("WORV_AGENT__TOKEN_FILE", "token".to_owned()),
            ("WORV_ENGINE__URL", format!("http://127.0.0.1:{port}")),
            ("WORV_GPU__NVML_LIBRARY", gpus.library().display().to_string()),
        ];
        let process = launch(folder.path(), &settings);
        Self {
            gpus,
            folder,
            settings,
            process,
        }
    }

    /// Where its secret is.
    pub(crate) fn token_file(&self) -> String {
        self.folder.path().join("token").display().to_string()
    }

    /// Kills it, and nothing else.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again.
    pub(crate) fn start_again(&mut self) {
        self.process = launch(self.folder.path(), &self.settings);
    }

    /// How often it has started the engine with a profile, in all its runs.
    pub(crate) fn starts_of(&self, profile: &str) -> usize {
        let name = format!("profile={profile:?}");
        let is_start = |line: &&str| line.contains("started the engine") && line.contains(&name);
        self.log().lines().filter(is_start).count()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("agent.log")).unwrap()
    }

    /// Waits until its log has this text.
    pub(crate) async fn until_it_says(&self, text: &str) -> String {
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            a_moment().await;
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // The engines end with this test.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(folder: &std::path::Path, settings: &[(&'static str, String)]) -> Child {
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(folder.join("agent.log"))
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_worv"))
        .args(["agent", "--config", "agent.toml"])
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

impl Wire {
    /// A way to `port` of this machine.
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (is_up, state) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut state = state.clone();
                tokio::spawn(async move {
                    // What is cut is not closed: nothing arrives any more, and nobody is told.
                    let _ = state.wait_for(|is_up| *is_up).await;
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
                        return;
                    };
                    let cut = async {
                        let _ = state.wait_for(|is_up| !*is_up).await;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => return,
                        () = cut => {}
                    }
                    let _ = state.wait_for(|is_up| *is_up).await;
                });
            }
        });
        Self { url, is_up }
    }

    /// Lets nothing through any more, or something again.
    pub(crate) fn set(&self, is_up: bool) {
        self.is_up.send_replace(is_up);
    }
}
