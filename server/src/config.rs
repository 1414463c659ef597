//! The configuration: one struct a section, every key with its default, unknown keys refused.
//!
//! A TOML file comes first, then the environment (`WORV_SECTION__KEY`), which wins.

use serde::{Deserialize, Serialize};
use worv_node::supervisor::Launch;

use crate::{
    edge,
    failure::{Failure, Kind},
};

pub use self::{
    acme::Acme,
    agent::Agent,
    alerts::Alerts,
    chat::Chat,
    console::Console,
    database::Database,
    engine::Engine,
    gpu::Gpu,
    hosts::Hosts,
    limits::Limits,
    load::{Origin, load},
    log::{Log, LogFormat},
    node::Node,
    profile::{Messages, Profile, Switch, Thinking},
    proxy::Proxy,
    server::Server,
    tls::Tls,
    traces::Traces,
    usage::{Durability, Usage},
};

mod acme;
mod agent;
mod alerts;
mod chat;
mod console;
mod database;
mod engine;
mod gpu;
mod hosts;
mod limits;
mod load;
mod log;
mod node;
mod profile;
mod proxy;
mod server;
mod tls;
mod traces;
mod usage;

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the gateway listens and keeps its files.
    pub server: Server,
    /// The names of the hosts. Without them, one origin serves everything by path.
    pub hosts: Hosts,
    /// HTTPS.
    pub tls: Tls,
    /// Where the certificate for HTTPS comes from, if it does not come from files.
    pub acme: Acme,
    /// The chat front end.
    pub chat: Chat,
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
    /// The machine that the engine runs on.
    pub node: Node,
    /// The agent there, where that is not the gateway's machine.
    pub agent: Agent,
    /// Who is told when something is wrong.
    pub alerts: Alerts,
    /// Where traces of requests go.
    pub traces: Traces,
    /// The log.
    pub log: Log,
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
            docs: self.hosts.docs.clone(),
            chat: self.hosts.chat.clone(),
        })
    }

    /// Whether the console's cookies are for HTTPS alone.
    pub fn secure_cookies(&self) -> bool {
        self.console.secure_cookies.unwrap_or(self.tls.listen.is_some())
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
        let complaints = [
            self.hosts.complaint(),
            self.acme.complaint(self.hosts.proxy.is_some()),
            self.tls.complaint(self.acme.directory.is_some()),
            self.chat.complaint(self.hosts.chat.is_some()),
            self.alerts.complaint(),
            self.agent.complaint(self.has_launch()),
            self.traces.complaint(),
        ];
        if let Some(complaint) = complaints.into_iter().flatten().next() {
            return wrong(complaint);
        }
        if self.limits.max_context_tokens <= self.limits.reserved_tokens {
            return wrong(format!(
                "limits.reserved_tokens ({}) leaves nothing of limits.max_context_tokens ({}): lower the first or raise the second",
                self.limits.reserved_tokens, self.limits.max_context_tokens
            ));
        }
        if let Some(path) = self
            .proxy
            .extra_routes
            .iter()
            .find(|path| !worv_proxy::is_extra_route(path))
        {
            return wrong(format!(
                "proxy.extra_routes has {path:?}: give plain paths under /v1/ that are not served already"
            ));
        }
        for (key, value) in [
            ("proxy.keep_alive_seconds", self.proxy.keep_alive_seconds),
            ("limits.max_output_tokens", self.limits.max_output_tokens),
            ("limits.max_body_bytes", self.limits.max_body_bytes as u64),
            ("limits.concurrency", self.limits.concurrency as u64),
            ("console.session_idle_minutes", self.console.session_idle_minutes.into()),
            ("console.session_hours", self.console.session_hours.into()),
            ("usage.keep_requests_days", self.usage.keep_requests_days.into()),
        ] {
            if value == 0 {
                return wrong(format!("{key} is 0: give at least 1"));
            }
        }
        self.validate_node()
    }

    /// Whether the gateway runs the engine, itself or by an agent.
    pub fn runs_engine(&self) -> bool {
        self.has_launch() || self.agent.reports_here()
    }

    fn has_launch(&self) -> bool {
        self.profile.iter().any(|profile| profile.launch.is_some())
    }

    fn validate_node(&self) -> Result<(), Failure> {
        let wrong = |message: String| Err(Failure::new(Kind::Config, message));
        if !(1..=100).contains(&self.node.name.chars().count()) {
            return wrong("node.name: give a name of 1 to 100 characters".to_owned());
        }
        for (at, profile) in self.profile.iter().enumerate() {
            if self.profile[..at]
                .iter()
                .any(|other| other.name.eq_ignore_ascii_case(&profile.name))
            {
                return wrong(format!(
                    "profile: {:?} is there twice; give each a name of its own",
                    profile.name
                ));
            }
            if let Some(complaint) = profile.launch.as_ref().and_then(Launch::complaint) {
                return wrong(format!("profile {:?}, launch: {complaint}", profile.name));
            }
        }
        Ok(())
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: Server::default(),
            hosts: Hosts::default(),
            tls: Tls::default(),
            acme: Acme::default(),
            chat: Chat::default(),
            database: Database::default(),
            engine: Engine::default(),
            profile: ["DeepSeek-V4-Pro", "GLM-5.1-FP8", "Kimi-K2.6"]
                .map(Profile::named)
                .into(),
            proxy: Proxy::default(),
            limits: Limits::default(),
            usage: Usage::default(),
            console: Console::default(),
            gpu: Gpu::default(),
            node: Node::default(),
            agent: Agent::default(),
            alerts: Alerts::default(),
            traces: Traces::default(),
            log: Log::default(),
        }
    }
}
