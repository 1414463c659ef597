//! A gateway that runs its own engines, and an administrator who is signed in to it.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};

use super::serving::{ANYWHERE, Serving, put_console};

/// A gateway as a process, with its data.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) client: Client,
    pub(crate) folder: tempfile::TempDir,
    cookie: String,
    csrf_token: String,
    serving: Serving,
    settings: Vec<(&'static str, String)>,
}

/// A profile whose engine is simulated, loads for `load_ms` in four steps and ends with this test.
pub(crate) fn simulated(name: &str, port: u16, load_ms: u32) -> String {
    paced(name, port, load_ms, (20, 20_000))
}

/// The same, with milliseconds to an answer's first token, and microseconds to each of the others.
pub(crate) fn paced(name: &str, port: u16, load_ms: u32, (first_token_ms, token_us): (u64, u64)) -> String {
    let (program, pid) = (env!("CARGO_BIN_EXE_worv"), std::process::id());
    format!(
        r#"
[[profile]]
name = "{name}"
[profile.launch]
argv = ["{program}", "sim", "--model", "{name}", "--listen", "127.0.0.1:{port}", "--load-ms", "{load_ms}", "--shards", "4",
        "--first-token-ms", "{first_token_ms}", "--token-us", "{token_us}", "--until-process", "{pid}"]
stop_seconds = 5
drain_seconds = 60
"#
    )
}

/// The same, but the start goes on after `line` only once the file `go` is there.
pub(crate) fn held(name: &str, port: u16, line: &str, go: &Path) -> String {
    let (program, pid, go) = (env!("CARGO_BIN_EXE_worv"), std::process::id(), go.display());
    let engine = format!("{program} sim --model {name} --listen 127.0.0.1:{port} --until-process {pid}");
    format!(
        r#"
[[profile]]
name = "{name}"
[profile.launch]
argv = ["sh", "-c", "echo '{line}'; while [ ! -e {go} ]; do sleep 0.05; done; exec {engine}"]
stop_seconds = 5
drain_seconds = 60
"#
    )
}

/// The same, but what is told to end ends only once the file `go` is there.
pub(crate) fn reluctant(name: &str, port: u16, go: &Path) -> String {
    let (program, pid, go) = (env!("CARGO_BIN_EXE_worv"), std::process::id(), go.display());
    let engine = format!("{program} sim --model {name} --listen 127.0.0.1:{port} --until-process {pid}");
    format!(
        r#"
[[profile]]
name = "{name}"
[profile.launch]
argv = ["sh", "-c", "trap 'while [ ! -e {go} ]; do sleep 0.05; done; exit' TERM; {engine} & wait"]
stop_seconds = 60
drain_seconds = 60
"#
    )
}

/// A profile whose engine ends at once.
pub(crate) const BROKEN: &str = r#"
[[profile]]
name = "Broken"
[profile.launch]
argv = ["sh", "-c", "echo 'RuntimeError: no such shard'; exit 3"]
stop_seconds = 1
"#;

fn worv(folder: &Path, settings: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worv"));
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(ANYWHERE)
        .envs(settings.iter().map(|(name, value)| (*name, value.as_str())));
    command
}

fn output(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

impl Gateway {
    /// One with the profiles of this configuration, whose engines listen on `port`; waits until the first one serves.
    pub(crate) async fn start(port: u16, profiles: &str, more: &[(&'static str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        put_console(folder.path());
        fs::write(folder.path().join("worv.toml"), profiles).unwrap();
        let mut settings = vec![
            ("WORV_ENGINE__URL", format!("http://127.0.0.1:{port}")),
            ("WORV_LIMITS__QUEUE_SECONDS", "120".to_owned()),
        ];
        settings.extend(more.iter().cloned());
        let keys = ["keys", "create", "--name", "load", "--json", "--config", "worv.toml"];
        let key: Value = serde_json::from_str(&output(worv(folder.path(), &settings).args(keys), "")).unwrap();
        let user = "users create --name ada --role admin --password-stdin --config worv.toml".split(' ');
        output(worv(folder.path(), &settings).args(user), "correct horse battery\n");
        let (serving, url) = launch(folder.path(), &settings).await;
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let mut gateway = Self {
            url,
            key: key["key"].as_str().unwrap().to_owned(),
            client,
            folder,
            cookie: String::new(),
            csrf_token: String::new(),
            serving,
            settings,
        };
        gateway.sign_in().await;
        gateway.until_live().await;
        gateway
    }

    async fn sign_in(&mut self) {
        let form = self.client.get(format!("{}/login", self.url)).send().await.unwrap();
        let login = cookie(&form, "worv_login");
        let token = login.split_once('=').unwrap().1.to_owned();
        let body = format!("name=ada&password=correct+horse+battery&csrf_token={token}");
        let answer = self
            .client
            .post(format!("{}/login", self.url))
            .header("cookie", login)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        self.cookie = cookie(&answer, "worv_session");
        let session = self.get("session").await;
        session["csrf_token"].as_str().unwrap().clone_into(&mut self.csrf_token);
    }

    /// What a route of the console's API answers.
    pub(crate) async fn get(&self, route: &str) -> Value {
        let request = self.client.get(format!("{}/api/{route}", self.url));
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{route}");
        answer.json().await.unwrap()
    }

    /// Posts to the console's API: the status and the answer.
    pub(crate) async fn post(&self, route: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}/api/{route}", self.url)).json(body);
        let request = request
            .header("cookie", &self.cookie)
            .header("x-csrf-token", &self.csrf_token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Asks for a switch, and waits until it has ended.
    pub(crate) async fn switch_to(&self, profile: &str) -> Value {
        let (status, begun) = self.post("switch", &json!({"profile": profile})).await;
        assert_eq!(status, 200, "{begun}");
        self.until_ended(&begun["id"]).await
    }

    /// Waits until the switch of this number has ended.
    pub(crate) async fn until_ended(&self, id: &Value) -> Value {
        loop {
            let switches = self.get("switch").await;
            let ended = switches["history"]
                .as_array()
                .unwrap()
                .iter()
                .find(|switch| switch["id"] == *id);
            if let Some(ended) = ended {
                return ended.clone();
            }
            a_moment().await;
        }
    }

    /// Waits until the switch under way is in a step, and gives it.
    pub(crate) async fn until_step(&self, phase: &str) -> Value {
        loop {
            let switches = self.get("switch").await;
            let current = &switches["current"];
            if current["steps"]
                .as_array()
                .and_then(|steps| steps.last())
                .is_some_and(|step| step["phase"] == phase)
            {
                return current.clone();
            }
            assert!(
                switches["history"].as_array().unwrap().is_empty(),
                "it has ended before: {switches}"
            );
            a_moment().await;
        }
    }

    /// Waits until the engine answers.
    pub(crate) async fn until_live(&self) {
        while self.get("overview").await["engine"]["state"] != "up" {
            a_moment().await;
        }
    }

    /// Has the engine stop in the middle of its answers, or go on with them.
    pub(crate) async fn stall_engine(&self, stalls: bool) {
        let fault = if stalls {
            json!({"after_tokens": 1, "kind": "stall"})
        } else {
            Value::Null
        };
        self.turn_knobs(&json!({"fault": fault})).await;
    }

    /// Changes the simulated engine's pace and faults.
    pub(crate) async fn turn_knobs(&self, knobs: &Value) {
        let engine = &self
            .settings
            .iter()
            .find(|(name, _)| *name == "WORV_ENGINE__URL")
            .unwrap()
            .1;
        let turned = self
            .client
            .patch(format!("{engine}/sim/knobs"))
            .json(knobs)
            .send()
            .await;
        assert!(turned.unwrap().status().is_success());
    }

    /// The database's address.
    pub(crate) fn database(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("data/worv.db").display())
    }

    /// Waits until requests are under way.
    pub(crate) async fn until_busy(&self) {
        loop {
            let overview = self.get("overview").await;
            if overview["samples"]
                .as_array()
                .unwrap()
                .last()
                .is_some_and(|last| last["in_flight"] != 0)
            {
                return;
            }
            a_moment().await;
        }
    }

    /// Kills the gateway, and nothing else.
    pub(crate) fn kill(&mut self) {
        self.serving.process.kill().unwrap();
        self.serving.process.wait().unwrap();
    }

    /// What `worv` with these arguments exits with, prints, and complains of.
    pub(crate) fn command(&self, arguments: &str) -> (i32, String, String) {
        let arguments = arguments.split(' ').chain(["--config", "worv.toml"]);
        let output = worv(self.folder.path(), &self.settings)
            .args(arguments)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Starts it again, on another port.
    pub(crate) async fn start_again(&mut self) {
        (self.serving, self.url) = launch(self.folder.path(), &self.settings).await;
    }

    /// A short answer: its status and the model that gave it.
    pub(crate) async fn ask(&self) -> (u16, String) {
        let body = json!({"model": "live", "max_tokens": 2, "messages": [{"role": "user", "content": "ping"}]});
        let request = self.client.post(format!("{}/v1/chat/completions", self.url));
        let answer = request.bearer_auth(&self.key).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap();
        (status, answer["model"].as_str().unwrap_or_default().to_owned())
    }
}

/// The names of the steps of a switch, each with its profile.
pub(crate) fn steps(switch: &Value) -> Vec<(&str, &str)> {
    let steps = switch["steps"].as_array().unwrap().iter();
    steps
        .map(|step| (step["phase"].as_str().unwrap(), step["profile"].as_str().unwrap()))
        .collect()
}

/// Between two looks at something that only asking shows.
pub(crate) async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// The gateway and its address. The engines end with this test.
async fn launch(folder: &Path, settings: &[(&'static str, String)]) -> (Serving, String) {
    let log = fs::File::options()
        .append(true)
        .create(true)
        .open(folder.join("worv.log"))
        .unwrap();
    let mut command = worv(folder, settings);
    command.args(["serve", "--config", "worv.toml"]).stderr(log);
    let ready_file = folder.join("ready.json");
    // What goes on meanwhile may be on this thread.
    let start = move || Serving::start(&mut command, &ready_file);
    let serving = tokio::task::spawn_blocking(start).await.unwrap();
    let url = serving.ready["url"].as_str().unwrap().to_owned();
    (serving, url)
}

fn cookie(answer: &Response, name: &str) -> String {
    let cookies = answer.headers().get_all("set-cookie").iter();
    let mut found = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    found
        .find(|cookie| cookie.starts_with(&format!("{name}=")))
        .unwrap()
        .to_owned()
}
