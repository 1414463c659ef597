//! With `[hosts]`, each site answers under its own name only, whatever a request does to look like another's.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
};

/// A gateway in front of the simulated engine; it ends with the test.
struct Gateway {
    process: Child,
    address: SocketAddr,
    key: String,
    folder: tempfile::TempDir,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Gateway {
    fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("site/pkg")).unwrap();
        fs::write(folder.path().join("site/pkg/worv.wasm"), b"\0asm").unwrap();
        let ready_file = folder.path().join("ready.json");
        let mut process = Command::new(env!("CARGO_BIN_EXE_worv"))
            .current_dir(folder.path())
            .args(["serve", "--demo", "--ready-file", "ready.json"])
            .env_clear()
            .env("WORV_SERVER__LISTEN", "127.0.0.1:0")
            .env("WORV_SERVER__METRICS_LISTEN", "127.0.0.1:0")
            .env("WORV_SERVER__SITE_DIR", "site")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The file comes whole, by a rename. The test runner ends what never comes.
        let ready = loop {
            match fs::read(&ready_file) {
                Ok(ready) => break ready,
                Err(_) => assert_eq!(process.try_wait().unwrap(), None, "the gateway did not start"),
            }
            std::thread::yield_now();
        };
        let ready: serde_json::Value = serde_json::from_slice(&ready).unwrap();
        let url = ready["url"].as_str().unwrap();
        Self {
            process,
            address: url.strip_prefix("http://").unwrap().parse().unwrap(),
            key: ready["api_key"].as_str().unwrap().to_owned(),
            folder,
        }
    }

    fn with_hosts() -> Self {
        Self::start(&[
            ("WORV_HOSTS__PROXY", "proxy.test"),
            ("WORV_HOSTS__ADMIN", "admin.proxy.test"),
        ])
    }

    /// The answer to a request's head, on a connection of its own.
    fn ask(&self, first_line: &str, headers: &[&str]) -> String {
        let mut head = format!("{first_line}\r\nConnection: close\r\n");
        for header in headers {
            head += header;
            head += "\r\n";
        }
        self.exchange(&format!("{head}\r\n"))
    }

    fn exchange(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str, host: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1"), &[&format!("Host: {host}")])
    }
}

#[track_caller]
fn answers(answer: &str, status: u16, words: &[&str]) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    for word in words {
        assert!(answer.contains(word), "{word:?} is not in {answer}");
    }
}

#[test]
fn each_host_answers_its_own_routes_only() {
    let gateway = Gateway::with_hosts();

    // The API: its routes, and JSON for everything else, the console's included.
    let authorization = format!("Authorization: Bearer {}", gateway.key);
    let models = gateway.ask("GET /v1/models HTTP/1.1", &["Host: proxy.test", &authorization]);
    answers(&models, 200, &["DeepSeek-V4-Pro"]);
    answers(&gateway.get("/health", "proxy.test"), 200, &["ok"]);
    for path in [
        "/",
        "/login",
        "/api/session",
        "/pkg/worv.wasm",
        "/favicon.svg",
        "/nowhere",
    ] {
        let answer = gateway.get(path, "proxy.test");
        answers(&answer, 404, &["application/json", "There is no such route"]);
    }

    // The console: its routes, and never an answer of the API, not even a refusal.
    answers(&gateway.get("/login", "admin.proxy.test"), 200, &["text/html"]);
    answers(&gateway.get("/", "admin.proxy.test"), 303, &["location: /login"]);
    answers(&gateway.get("/pkg/worv.wasm", "admin.proxy.test"), 200, &["wasm"]);
    let models = gateway.ask("GET /v1/models HTTP/1.1", &["Host: admin.proxy.test", &authorization]);
    answers(&models, 303, &["location: /login"]);

    // Nobody else.
    for host in [
        "elsewhere.test",
        "proxy.test.evil",
        "xproxy.test",
        "127.0.0.1",
        "localhost",
        "[::1]:80",
    ] {
        answers(&gateway.get("/v1/models", host), 421, &["does not answer for the host"]);
        answers(&gateway.get("/login", host), 421, &[]);
    }
}

#[test]
fn a_host_is_known_however_it_is_written() {
    let gateway = Gateway::with_hosts();
    for host in [
        "proxy.test",
        "PROXY.Test",
        "proxy.test.",
        "proxy.test:443",
        "proxy.test.:8443",
    ] {
        answers(&gateway.get("/health", host), 200, &["ok"]);
    }
    let absolute = gateway.ask("GET http://proxy.test/health HTTP/1.1", &["Host: proxy.test"]);
    answers(&absolute, 200, &["ok"]);
}

#[test]
fn tricks_with_the_host_are_refused() {
    let gateway = Gateway::with_hosts();
    for (first_line, headers) in [
        ("GET /login HTTP/1.1", &[][..]),
        ("GET /login HTTP/1.1", &["Host: proxy.test", "Host: admin.proxy.test"]),
        (
            "GET /login HTTP/1.1",
            &["Host: admin.proxy.test", "Host: admin.proxy.test"],
        ),
        ("GET /login HTTP/1.1", &["Host: proxy.test, admin.proxy.test"]),
        ("GET /login HTTP/1.1", &["Host: proxy.test@admin.proxy.test"]),
        ("GET http://admin.proxy.test/login HTTP/1.1", &["Host: proxy.test"]),
    ] {
        let answer = gateway.ask(first_line, headers);
        answers(&answer, 400, &["name its host exactly once"]);
    }
    // Names that only proxies use do not choose a site, nor does HTTP/1.0 without a name get one.
    let forwarded = gateway.ask(
        "GET /login HTTP/1.1",
        &[
            "Host: proxy.test",
            "X-Forwarded-Host: admin.proxy.test",
            "Forwarded: host=admin.proxy.test",
        ],
    );
    answers(&forwarded, 404, &["application/json"]);
    let nameless = gateway.ask("GET /login HTTP/1.0", &[]);
    assert!(nameless.starts_with("HTTP/1.0 421 "), "{nameless}");
}

#[test]
fn without_hosts_any_name_reaches_both_by_path_but_tricks_do_not() {
    let gateway = Gateway::start(&[]);
    answers(&gateway.get("/login", "anything.test"), 200, &["text/html"]);
    answers(&gateway.get("/v1/models", "anything.test"), 401, &["application/json"]);
    let twice = gateway.ask("GET /login HTTP/1.1", &["Host: a.test", "Host: b.test"]);
    answers(&twice, 400, &["name its host exactly once"]);
}

/// Signs in with a wrong password, and gives the address that the audit log then names.
fn address_in_audit_log(gateway: &Gateway) -> String {
    let form = gateway.get("/login", "test");
    let token = form.split("worv_login=").nth(1).unwrap().split(';').next().unwrap();
    let body = format!("name=nobody&password=wrong&csrf_token={token}");
    let answer = gateway.exchange(&format!(
        "POST /login HTTP/1.1\r\nHost: test\r\nConnection: close\r\nCookie: worv_login={token}\r\n\
         X-Forwarded-For: 192.0.2.1, 203.0.113.7\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    answers(&answer, 401, &[]);
    let database = fs::read(gateway.folder.path().join("data/worv.db-wal")).unwrap();
    let log = String::from_utf8_lossy(&database);
    ["192.0.2.1", "203.0.113.7", "127.0.0.1"]
        .into_iter()
        .filter(|address| log.contains(address))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_client_is_known_by_the_address_that_a_trusted_proxy_tells() {
    let gateway = Gateway::start(&[("WORV_SERVER__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#)]);
    assert_eq!(address_in_audit_log(&gateway), "203.0.113.7");
}

#[test]
fn nobody_else_may_tell_an_address() {
    let gateway = Gateway::start(&[]);
    assert_eq!(address_in_audit_log(&gateway), "127.0.0.1");
}
