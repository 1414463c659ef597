//! Gateways as processes of their own, on a database that outlives them.

use std::{
    env,
    net::SocketAddr,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use worv_core::Clock;
use worv_sim::engine::{Sim, SimOptions};
use worv_store::Store;

use crate::serving::{ANYWHERE, Serving, put_console};

const WORV: &str = env!("CARGO_BIN_EXE_worv");

/// The model that the simulated engine serves.
pub(crate) const MODEL: &str = "DeepSeek-V4-Pro";

/// A folder with a database, a key, and an engine to serve.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) database_url: String,
    pub(crate) engine: Sim,
    /// More of the environment that every process gets.
    pub(crate) settings: Vec<(&'static str, String)>,
}

/// A running `worv serve`. Killed when dropped.
pub(crate) struct Gateway {
    serving: Serving,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: SocketAddr,
}

impl Home {
    /// A home on an `SQLite` file of its own.
    pub(crate) async fn on_sqlite(engine: SimOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("worv.db").display());
        Self::on(url, folder, engine).await
    }

    /// A home on a database of a PostgreSQL server.
    pub(crate) async fn on_postgres(url: String, engine: SimOptions) -> Self {
        Self::on(url, tempfile::tempdir().unwrap(), engine).await
    }

    async fn on(database_url: String, folder: TempDir, engine: SimOptions) -> Self {
        put_console(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            folder,
            database_url,
            engine: Sim::start(listener, engine),
            settings: Vec::new(),
        }
    }

    /// `worv` with the settings of this home; `data` is its data folder.
    pub(crate) fn worv(&self, data: &str) -> Command {
        self.with_settings(Command::new(WORV), data)
    }

    fn with_settings(&self, mut command: Command, data: &str) -> Command {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("WORV_DATABASE__URL", &self.database_url)
            .env("WORV_ENGINE__URL", self.engine.url())
            .envs(ANYWHERE)
            .env("WORV_SERVER__DATA_DIR", data)
            .env("WORV_LOG__FILTER", "warn")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Starts a gateway by a program that is given its command line, and returns when it serves.
    pub(crate) async fn serve_by(&self, mut program: Command, data: &str) -> Gateway {
        program.arg(WORV);
        self.start(self.with_settings(program, data), data).await
    }

    /// Runs a command that answers with JSON.
    pub(crate) fn run(&self, arguments: &[&str]) -> Value {
        let output = self.worv("data").args(arguments).arg("--json").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A new key's secret.
    pub(crate) fn create_key(&self, name: &str) -> String {
        let made = self.run(&["keys", "create", "--name", name]);
        made["key"].as_str().unwrap().to_owned()
    }

    /// Starts a gateway, and returns when it serves.
    pub(crate) async fn serve(&self, data: &str) -> Gateway {
        self.start(self.worv(data), data).await
    }

    async fn start(&self, mut command: Command, data: &str) -> Gateway {
        let ready = self.folder.path().join(format!("{data}.ready"));
        command.arg("serve");
        // The engine is on this test's own threads.
        let start = move || Serving::start(&mut command, &ready);
        Gateway::new(tokio::task::spawn_blocking(start).await.unwrap())
    }

    /// The database, once no gateway has to be asked any more.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.database_url, Clock::System).await.unwrap()
    }
}

impl Gateway {
    fn new(serving: Serving) -> Self {
        let address = |field: &str| {
            let url = serving.ready[field].as_str().unwrap();
            url.strip_prefix("http://").unwrap().parse().unwrap()
        };
        Self {
            address: address("url"),
            metrics: address("metrics_url"),
            serving,
        }
    }

    /// Asks for its readiness until that is as it should be: there is no other way to see it.
    pub(crate) async fn until_ready(&self, mut is: impl FnMut(u16, &Value) -> bool) -> Value {
        let http = client();
        loop {
            let answer = http
                .get(format!("http://{}/health/ready", self.metrics))
                .send()
                .await
                .unwrap();
            let (status, words) = (answer.status().as_u16(), answer.text().await.unwrap());
            let words = serde_json::from_str(&words).unwrap();
            if is(status, &words) {
                return words;
            }
        }
    }

    /// Presents a key until it is answered with this status.
    pub(crate) async fn until_answered(&self, key: &str, status: u16) {
        while self.ask(key).await != status {}
    }

    /// The status that a small request with this key gets.
    pub(crate) async fn ask(&self, key: &str) -> u16 {
        chat(self.address, key, &json!(1)).await
    }

    /// Kills it at once, as the system does when memory runs out.
    pub(crate) fn kill(mut self) {
        self.serving.process.kill().unwrap();
        self.serving.process.wait().unwrap();
    }

    /// Tells it to stop, and returns when it has.
    pub(crate) async fn stop(mut self) {
        let told = Command::new("kill")
            .arg(self.serving.process.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        tokio::task::spawn_blocking(move || {
            let ended = self.serving.process.wait().unwrap();
            assert!(ended.success(), "the gateway ended with {ended}");
        })
        .await
        .unwrap();
    }
}

/// The status that a small request gets.
pub(crate) async fn chat(address: SocketAddr, key: &str, max_tokens: &Value) -> u16 {
    let body = json!({"model": MODEL, "max_tokens": max_tokens, "messages": [{"role": "user", "content": "ping"}]});
    let request = client()
        .post(format!("http://{address}/v1/chat/completions"))
        .bearer_auth(key)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    // Read to its end, so that the next request finds it settled.
    answer.bytes().await.unwrap();
    status
}

/// A client that does not heed the proxies of whoever runs the tests.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A number from the environment, for runs that are longer than usual.
pub(crate) fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}
