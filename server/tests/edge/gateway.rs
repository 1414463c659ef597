//! The real binary as a process.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
};

use crate::serving::{ANYWHERE, Serving, put_console};

/// A gateway in front of the simulated engine; it ends with the test.
pub struct Gateway {
    pub serving: Serving,
    pub address: SocketAddr,
    pub key: String,
    pub folder: tempfile::TempDir,
}

impl Gateway {
    pub fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings)
    }

    /// In a folder that has the files that the settings name.
    pub fn start_in(folder: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_worv"));
        Self::start_with(program, &["--demo"], folder, settings)
    }

    /// With a program and options of its own.
    pub fn start_with(program: &Path, options: &[&str], folder: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        put_console(folder.path());
        let mut command = Command::new(program);
        command
            .current_dir(folder.path())
            .arg("serve")
            .args(options)
            .env_clear()
            .envs(ANYWHERE)
            .envs(settings.iter().copied())
            .stderr(fs::File::create(folder.path().join("log")).unwrap());
        let serving = Serving::start(&mut command, &folder.path().join("ready.json"));
        let url = serving.ready["url"].as_str().unwrap();
        Self {
            address: url.split_once("://").unwrap().1.parse().unwrap(),
            key: serving.ready["api_key"].as_str().unwrap_or_default().to_owned(),
            serving,
            folder,
        }
    }

    /// The answer to a request's head, on a connection of its own.
    pub fn ask(&self, first_line: &str, headers: &[&str]) -> String {
        let mut head = format!("{first_line}\r\nConnection: close\r\n");
        for header in headers {
            head += header;
            head += "\r\n";
        }
        self.exchange(&format!("{head}\r\n"))
    }

    pub fn exchange(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn get(&self, path: &str, host: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1"), &[&format!("Host: {host}")])
    }

    /// A figure of `/metrics`, which must be there.
    pub fn metric(&self, name: &str) -> u64 {
        let url = self.serving.ready["metrics_url"].as_str().unwrap();
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in {text}"))
            .parse()
            .unwrap()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits until its log says `words`. The test runner ends what never comes.
    pub fn until_it_says(&self, words: &str) {
        while !self.log().contains(words) {
            std::thread::yield_now();
        }
    }

    /// Signs in with a wrong password, each connection beginning with `before`, and gives the address that the audit log names.
    pub fn address_in_audit_log(&self, before: &str) -> String {
        let form = self.exchange(&format!(
            "{before}GET /login HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        ));
        let token = form.split("worv_login=").nth(1).unwrap().split(';').next().unwrap();
        let body = format!("name=nobody&password=wrong&csrf_token={token}");
        let answer = self.exchange(&format!(
            "{before}POST /login HTTP/1.1\r\nHost: test\r\nConnection: close\r\nCookie: worv_login={token}\r\n\
             X-Forwarded-For: 192.0.2.1, 203.0.113.7\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        let database = fs::read(self.folder.path().join("data/worv.db-wal")).unwrap();
        let log = String::from_utf8_lossy(&database);
        ["192.0.2.1", "203.0.113.7", "127.0.0.1"]
            .into_iter()
            .filter(|address| log.contains(address))
            .collect::<Vec<_>>()
            .join(" ")
    }
}
