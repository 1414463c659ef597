//! The engine goes away and comes back while the gateway serves: callers are told when to try again, readiness says
//! what is missing, and nobody has to restart anything.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

#[path = "support/serving.rs"]
mod serving;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use self::serving::{ANYWHERE, Serving, put_console};

/// An engine that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn worv(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worv"));
    command
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn start_engine(folder: &Path, address: SocketAddr) -> Running {
    let mut child = worv(folder)
        .args([
            "sim",
            "--first-token-ms",
            "0",
            "--token-us",
            "0",
            "--listen",
            &address.to_string(),
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("serves at"), "{line:?}");
    Running(child)
}

/// A whole exchange on a connection of its own: the status and the rest of the answer.
fn ask(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status in {answer:?}")), answer)
}

fn get(address: SocketAddr, path: &str) -> (u16, String) {
    ask(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"),
    )
}

fn chat(address: SocketAddr, key: &str) -> (u16, String) {
    let body = r#"{"model":"DeepSeek-V4-Pro","max_tokens":8,"messages":[{"role":"user","content":"ping"}]}"#;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    ask(address, &format!("{head}{body}"))
}

/// Takes one alert that is posted, and answers with this status.
fn take_alert(receiver: &TcpListener, status: &str) -> serde_json::Value {
    let mut stream = BufReader::new(receiver.accept().unwrap().0);
    let (mut length, mut line) = (0, String::new());
    while stream.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.get_mut().write_all(answer.as_bytes()).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Takes what is posted of one alert; others, such as of the machine's disk, are not this test's.
fn take_alert_of(receiver: &TcpListener, name: &str, status: &str) -> serde_json::Value {
    loop {
        let mut told = take_alert(receiver, status);
        let of_it = |alert: &serde_json::Value| alert["labels"]["alertname"] == name;
        let found = told["alerts"]
            .as_array()
            .and_then(|alerts| alerts.iter().position(of_it));
        if let Some(found) = found {
            return told["alerts"][found].take();
        }
    }
}

/// Asks until `holds`: as any health check, it sees a change by asking only. The test runner ends what never comes.
fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        std::thread::yield_now();
    }
}

#[test]
fn the_gateway_outlives_its_engine() {
    let folder = tempfile::tempdir().unwrap();
    put_console(folder.path());
    let engine_address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let engine = start_engine(folder.path(), engine_address);

    let alerts = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!("http://{}/hook", alerts.local_addr().unwrap());
    let mut command = worv(folder.path());
    command
        .args(["serve", "--demo"])
        .envs(ANYWHERE)
        .env("WORV_ENGINE__URL", format!("http://{engine_address}"))
        .env("WORV_ALERTS__WEBHOOK", &webhook)
        .env("WORV_ALERTS__AFTER_SECONDS", "0");
    let gateway = Serving::start(&mut command, &folder.path().join("ready.json"));
    let ready = &gateway.ready;
    let address = |field: &str| -> SocketAddr {
        ready[field]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap()
    };
    let (public, metrics) = (address("url"), address("metrics_url"));
    let key = ready["api_key"].as_str().unwrap();

    assert_eq!(chat(public, key).0, 200);
    until(|| get(metrics, "/health/ready").0 == 200);

    let status = |arguments: &[&str]| {
        let mut command = worv(folder.path());
        command.arg("status").args(arguments);
        command.env("WORV_SERVER__METRICS_LISTEN", metrics.to_string());
        command.env("WORV_DATABASE__URL", "sqlite://data/demo/worv.db");
        command.output().unwrap()
    };
    let told: serde_json::Value = serde_json::from_slice(&status(&["--json"]).stdout).unwrap();
    assert_eq!(
        (&told["engine"], &told["status"]),
        (&"up".into(), &"ready".into()),
        "{told}"
    );
    assert_eq!(told["gpus"].as_array().unwrap().len(), 8, "{told}");
    let page = String::from_utf8(status(&["--markdown"]).stdout).unwrap();
    assert!(page.contains("| Model | DeepSeek-V4-Pro |"), "{page}");

    drop(engine);
    until(|| get(metrics, "/health/ready").0 == 503);
    assert!(get(metrics, "/health/ready").1.contains(r#""engine":"down""#));
    assert_eq!(get(metrics, "/health/live").0, 200);
    let (status, answer) = chat(public, key);
    assert_eq!(status, 503, "{answer}");
    assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: "), "{answer}");
    assert!(answer.contains(r#"{"error":{"message":"#), "{answer}");

    // One that is not taken is posted again.
    for status in ["500 Internal Server Error", "200 OK"] {
        let told = take_alert_of(&alerts, "EngineDown", status);
        assert_eq!(told["status"], "firing", "{told}");
    }

    let _engine = start_engine(folder.path(), engine_address);
    until(|| get(metrics, "/health/ready").0 == 200);
    assert_eq!(chat(public, key).0, 200);
    let told = take_alert_of(&alerts, "EngineDown", "200 OK");
    assert_eq!(told["status"], "resolved", "{told}");
}

#[test]
fn whether_alerts_arrive_can_be_tried() {
    let folder = tempfile::tempdir().unwrap();
    let alerts = TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!("http://{}/hook", alerts.local_addr().unwrap());
    let mut trying = worv(folder.path());
    trying.args(["alerts", "test"]).env("WORV_ALERTS__WEBHOOK", webhook);
    let running = trying.stdout(Stdio::piped()).spawn().unwrap();
    let told = take_alert(&alerts, "200 OK");
    assert_eq!(told["alerts"][0]["labels"]["alertname"], "Test");
    let ended = running.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), ended.stdout.trim_ascii()),
        (Some(0), &b"200 OK"[..])
    );
    // Without an address there is nothing to try.
    let refused = worv(folder.path()).args(["alerts", "test"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(78));
}
