//! The configuration: one struct a section, every key with its default, unknown keys refused.
//!
//! A TOML file comes first, then the environment (`WORV_SECTION__KEY`), which wins.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};
use worv_core::Secret;

use crate::{
    edge::{self, HostName, TrustedProxies},
    failure::{Failure, Kind},
};

pub use load::load;

mod load;

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the gateway listens and keeps its files.
    pub server: Server,
    /// The names of the hosts. Without them, one origin serves everything by path.
    pub hosts: Hosts,
    /// The database.
    pub database: Database,
    /// The engine in front of which it stands.
    pub engine: Engine,
    /// The models that the engine may be started with.
    pub profile: Vec<Profile>,
    /// The data path.
    pub proxy: Proxy,
    /// What a request may ask for.
    pub limits: Limits,
    /// How usage is kept.
    pub usage: Usage,
    /// The console.
    pub console: Console,
    /// The GPUs.
    pub gpu: Gpu,
    /// The log.
    pub log: Log,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address of the API and the console, plain HTTP.
    pub listen: SocketAddr,
    /// Address of `/metrics`, `/health/live` and `/health/ready`; not for the public.
    pub metrics_listen: SocketAddr,
    /// Folder for the database and the demo's files; created for its owner only.
    pub data_dir: PathBuf,
    /// Folder with the console's built files (`pkg/`, fonts, icons).
    pub site_dir: PathBuf,
    /// Seconds that open requests get to finish when the gateway is stopped.
    pub drain_seconds: u64,
    /// Addresses and networks of the proxies in front, whose `X-Forwarded-For` names the client.
    pub trusted_proxies: TrustedProxies,
}

/// `[hosts]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hosts {
    /// The host of the API, such as `proxy.example.com`.
    pub proxy: Option<HostName>,
    /// The host of the console, such as `admin.proxy.example.com`.
    pub admin: Option<HostName>,
}

/// `[database]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://USER@HOST/NAME`; without it, `worv.db` in the data folder.
    pub url: Option<String>,
}

/// `[engine]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engine {
    /// The vLLM server, such as `http://127.0.0.1:8000`. Required, but for the demo.
    pub url: Option<String>,
    /// Sent to the engine as `Authorization: Bearer`, for one that was started with `--api-key`.
    #[serde(skip_serializing)]
    pub api_key: Option<Secret>,
    /// Refuse to start while the engine does not answer. Off where the two are started in any order.
    pub must_answer_at_start: bool,
}

/// `[[profile]]`: a model that the engine may be started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that the engine serves it under. Each profile's name leads to whichever model is live.
    pub name: String,
    /// The longest answer of this model, in tokens, in place of `limits.max_output_tokens`.
    #[serde(default)]
    pub max_output_tokens: Option<u64>,
    /// What the engine that serves it makes of `/v1/messages`; without it, the engine is asked when it comes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Messages>,
    /// Take Han script out of its answers: text and reasoning, never what tools are called with.
    #[serde(default)]
    pub strip_han: bool,
}

/// What an engine makes of `/v1/messages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Messages {
    /// It serves it: vLLM from 0.20.
    Native,
    /// It gets chat completions in its place: vLLM up to 0.19, which drops what is said about thinking there.
    Translated,
}

/// `[proxy]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// Further model names that lead to the live model, in any case: whole names, or beginnings followed by `*`.
    pub aliases: Vec<String>,
    /// Seconds of silence on a stream after which a comment or ping is sent, so that nothing in between gives it up.
    pub keep_alive_seconds: u64,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Prompt and answer together, in tokens; the engine's own window holds as well, if it is smaller.
    pub max_context_tokens: u64,
    /// The longest answer, in tokens.
    pub max_output_tokens: u64,
    /// Tokens of the window that are kept free for the chat template.
    pub reserved_tokens: u64,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
}

/// `[usage]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Whether the end of an answer waits for its usage row.
    pub durability: Durability,
}

/// Whether the end of an answer waits for its usage row to be on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// It waits, a few milliseconds.
    #[default]
    Strict,
    /// It does not; a crash may lose the last rows.
    Relaxed,
}

/// `[console]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Console {
    /// Mark the session cookie `Secure` and `__Host-`; on when browsers reach the console over HTTPS.
    pub secure_cookies: bool,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: u32,
    /// Hours after which a session ends in any case.
    pub session_hours: u32,
}

/// `[gpu]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gpu {
    /// NVIDIA's management library; without it, the one that the driver installed.
    pub nvml_library: Option<PathBuf>,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What is logged, such as `info` or `worv_proxy=debug,info`.
    pub filter: String,
    /// How it is written.
    pub format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for a person.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl Config {
    /// The database's address.
    pub fn database_url(&self) -> String {
        self.database
            .url
            .clone()
            .unwrap_or_else(|| format!("sqlite://{}", self.server.data_dir.join("worv.db").display()))
    }

    /// The names of the hosts, if the sites are told apart by name.
    pub fn hosts(&self) -> Option<edge::Hosts> {
        Some(edge::Hosts {
            api: self.hosts.proxy.clone()?,
            console: self.hosts.admin.clone()?,
        })
    }

    /// Checks what types alone cannot.
    pub fn validate(&self) -> Result<(), Failure> {
        let wrong = |message: String| Err(Failure::new(Kind::Config, message));
        if let Some(url) = &self.engine.url {
            let fits = reqwest::Url::parse(url).is_ok_and(|url| url.scheme() == "http" && url.host().is_some());
            if !fits {
                return wrong(format!(
                    "engine.url is {url:?}: give the engine's address as http://HOST:PORT"
                ));
            }
        }
        match (&self.hosts.proxy, &self.hosts.admin) {
            (Some(proxy), Some(admin)) if proxy == admin => {
                return wrong(format!(
                    "hosts.proxy and hosts.admin are both {proxy}: give each a name of its own, or neither to serve both by path"
                ));
            }
            (Some(_), None) => {
                return wrong("hosts.admin is not set, but hosts.proxy is: set both or neither".to_owned());
            }
            (None, Some(_)) => {
                return wrong("hosts.proxy is not set, but hosts.admin is: set both or neither".to_owned());
            }
            _ => {}
        }
        if self.limits.max_context_tokens <= self.limits.reserved_tokens {
            return wrong(format!(
                "limits.reserved_tokens ({}) leaves nothing of limits.max_context_tokens ({}): lower the first or raise the second",
                self.limits.reserved_tokens, self.limits.max_context_tokens
            ));
        }
        for (key, value) in [
            ("proxy.keep_alive_seconds", self.proxy.keep_alive_seconds),
            ("limits.max_output_tokens", self.limits.max_output_tokens),
            ("limits.max_body_bytes", self.limits.max_body_bytes as u64),
            ("console.session_idle_minutes", self.console.session_idle_minutes.into()),
            ("console.session_hours", self.console.session_hours.into()),
        ] {
            if value == 0 {
                return wrong(format!("{key} is 0: give at least 1"));
            }
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Self {
        let profile = |name: &str| Profile {
            name: name.to_owned(),
            max_output_tokens: None,
            messages: None,
            strip_han: false,
        };
        Self {
            server: Server::default(),
            hosts: Hosts::default(),
            database: Database::default(),
            engine: Engine::default(),
            profile: ["DeepSeek-V4-Pro", "GLM-5.1-FP8", "Kimi-K2.6"].map(profile).into(),
            proxy: Proxy::default(),
            limits: Limits::default(),
            usage: Usage::default(),
            console: Console::default(),
            gpu: Gpu::default(),
            log: Log::default(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            data_dir: PathBuf::from("data"),
            site_dir: PathBuf::from("target/site"),
            drain_seconds: 30,
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            aliases: ["claude-*", "glm-5.1-fp8", "kimi-k2.6"].map(str::to_owned).into(),
            keep_alive_seconds: 15,
        }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            url: None,
            api_key: None,
            must_answer_at_start: true,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_context_tokens: 202_752,
            max_output_tokens: 16_384,
            reserved_tokens: 512,
            max_body_bytes: 32 * 1024 * 1024,
        }
    }
}

impl Default for Console {
    fn default() -> Self {
        Self {
            secure_cookies: false,
            session_idle_minutes: 12 * 60,
            session_hours: 7 * 24,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}
