//! A server, and people who are signed in to it.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use reqwest::{Method, Response, StatusCode, header, redirect};
use serde_json::{Value, json};

use crate::serving::{ANYWHERE, Serving, put_console};

/// A demo of the real program with a data folder of its own; it ends with the test.
pub(crate) struct Server {
    _serving: Serving,
    url: String,
    admin: (String, String),
    key: String,
    folder: tempfile::TempDir,
    client: reqwest::Client,
}

/// Somebody who is signed in.
pub(crate) struct Visitor<'s> {
    server: &'s Server,
    cookie: String,
    pub(crate) token: String,
}

/// An answer: its status, and its body as JSON or as the text it is.
pub(crate) type Answer = (u16, Value);

impl Server {
    /// Starts one on free ports.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        put_console(folder.path());
        let mut demo = command(folder.path());
        demo.args(["serve", "--demo"]).stderr(Stdio::null());
        let serving = Serving::start(&mut demo, &folder.path().join("ready.json"));
        let text = |name: &str| serving.ready[name].as_str().unwrap().to_owned();
        let client = reqwest::Client::builder().redirect(redirect::Policy::none());
        Self {
            url: text("url"),
            admin: (text("admin_name"), text("admin_password")),
            key: text("api_key"),
            _serving: serving,
            folder,
            client: client.build().unwrap(),
        }
    }

    /// The demo's administrator.
    pub(crate) async fn admin(&self) -> Visitor<'_> {
        self.sign_in(&self.admin.0, &self.admin.1).await
    }

    /// The demo's API key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Signs in somebody who has no second factor.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Visitor<'_> {
        let (answer, _) = self.give_password(name, password).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{name} was not let in");
        self.visitor(&cookies(&answer)).await
    }

    /// Answers the form that asks for name and password; also gives the cookie of the form.
    pub(crate) async fn give_password(&self, name: &str, password: &str) -> (Response, String) {
        let form = self.send(Method::GET, "/login", "").await;
        let cookie = cookies(&form);
        let token = cookie.split('=').next_back().unwrap().to_owned();
        let fields = [("name", name), ("password", password), ("csrf_token", &token)];
        (self.post_form("/login", &cookie, &fields).await, cookie)
    }

    /// Whoever holds the session in `cookie`.
    pub(crate) async fn visitor(&self, cookie: &str) -> Visitor<'_> {
        let answer = self.send(Method::GET, "/api/session", cookie).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let session: Value = answer.json().await.unwrap();
        Visitor {
            server: self,
            cookie: cookie.to_owned(),
            token: session["csrf_token"].as_str().unwrap().to_owned(),
        }
    }

    /// Posts a form.
    pub(crate) async fn post_form(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap()
    }

    /// A request without a body.
    pub(crate) async fn send(&self, method: Method, path: &str, cookie: &str) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.url));
        request.header(header::COOKIE, cookie).send().await.unwrap()
    }

    /// The status of a small request of the inference API with this key.
    pub(crate) async fn ask_with(&self, key: &str) -> u16 {
        let request = self.client.get(format!("{}/v1/models", self.url));
        request.bearer_auth(key).send().await.unwrap().status().as_u16()
    }

    /// Waits until a key is answered with this status; the test runner ends what never comes.
    pub(crate) async fn until_key_is(&self, key: &str, status: u16) {
        while self.ask_with(key).await != status {
            tokio::task::yield_now().await;
        }
    }

    /// Runs a command beside the server.
    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        use std::io::Write;

        let mut child = command(self.folder.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// What a command prints as JSON.
    pub(crate) fn run_json(&self, arguments: &[&str], input: &str) -> Value {
        let output = self.run(arguments, input);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Visitor<'_> {
    /// Reads.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        parts(self.server.send(Method::GET, path, &self.cookie).await).await
    }

    /// Changes something, as a page does.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.server.client.request(method, format!("{}{path}", self.server.url));
        let request = request
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.token);
        let request = if body.is_null() { request } else { request.json(&body) };
        parts(request.send().await.unwrap()).await
    }

    /// What was sent, where it must go well.
    pub(crate) async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(method.clone(), path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// Posts a form of a page.
    pub(crate) async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut fields = fields.to_vec();
        fields.push(("csrf_token", &self.token));
        self.server.post_form(path, &self.cookie, &fields).await
    }

    /// Another user, who is signed in as well.
    pub(crate) async fn invite(&self, name: &str, role: &str) -> Visitor<'_> {
        let new = json!({"name": name, "role": role, "password": "correct horse"});
        self.done(Method::POST, "/api/users", new).await;
        self.server.sign_in(name, "correct horse").await
    }
}

/// The cookies that an answer sets, as a browser sends them back.
pub(crate) fn cookies(answer: &Response) -> String {
    let set = answer.headers().get_all(header::SET_COOKIE).iter();
    let pairs = set.filter_map(|cookie| cookie.to_str().unwrap().split(';').next());
    let kept: Vec<_> = pairs.filter(|pair| !pair.ends_with('=')).collect();
    kept.join("; ")
}

async fn parts(answer: Response) -> Answer {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worv"));
    command.current_dir(folder).env_clear().envs(ANYWHERE);
    command
}
