//! Serving: everything is checked, then everything is started, then it runs until it is told to stop.

use std::{fs::DirBuilder, io, net::SocketAddr, os::unix::fs::DirBuilderExt, path::Path, sync::Arc, time::Duration};

use axum::{Router, handler::Handler, routing::get};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_api::EngineStatus;
use worv_core::{Clock, Entropy, usage::UsageSink};
use worv_proxy::{Gateway, GatewayConfig, Tracing};
use worv_store::{Store, usage};

use crate::{
    bearer::Bearer,
    chat,
    command::{self, Serve},
    config::{Config, Durability, Origin},
    console::{self, Console, Live, SessionRules, Site, Tail, Throttle},
    docs,
    edge::{self, Sites},
    failure::{Failure, Kind},
    password::Passwords,
    traces,
};
pub use agent::agent;
pub use control::CONTROL_TOKEN;
pub use listener::bind;
pub use node::Node;

use background::Background;
use demo::{Demo, Prepared};
use figures::Figures;
use front::{Addresses, Front};
use inherited::Inherited;
use key_usage::{KeyUsageState, key_usage};
use listener::Ends;
use machine::{Setting, Watched};
use model_profile::model_profile;

mod agent;
mod alerting;
mod background;
mod connection;
mod control;
mod data_path;
mod demo;
mod figures;
mod front;
mod gpu_minutes;
mod gpu_use;
mod handover;
mod health;
mod inherited;
mod key_usage;
mod limits;
mod listener;
mod log;
mod machine;
mod model_profile;
mod node;
mod notify;
mod prefixed;
mod ready;
mod reconciliation;
mod reload;
mod reports;
mod retention;
mod workers;

/// The folder of usage, in the data folder, of a gateway that has taken over from one that still runs.
const USAGE_BESIDE: &str = "usage-beside";

/// Serves until the process is told to stop (SIGTERM, SIGINT).
pub async fn serve(mut config: Config, origin: &Origin, options: Serve) -> Result<(), Failure> {
    let clock = Clock::System;
    let entropy = Entropy::System;
    let stopping = CancellationToken::new();
    let accepting = stopping.child_token();

    open_more_files();
    let agent = agent_token(&config, &options)?;
    // All that can be wrong is found out before anything is written or promised.
    let mut inherited = Inherited::from_environment()?;
    let front = Front::bind(&config, (&clock, &entropy), &mut inherited).await?;
    let site = Site::open(config.server.site_dir.as_deref())?;
    let demo = if options.demo {
        Some(Demo::start(&mut config)?)
    } else {
        None
    };
    let engine_url = engine_url(&config, demo.as_ref())?;
    let (tracing, exporter) = traces::of(&config.traces, &entropy)?.unzip();
    let setting = Setting {
        config: &config,
        engine_url: &engine_url,
        clock: &clock,
        stopping: &stopping,
    };
    let foreign = setting.foreign_engine().await?;
    // A start that has failed by now has said so in its one line.
    log::start(&config.log)?;
    let store = Store::open(&config.database_url(), clock.clone())
        .await
        .map_err(command::store_failure)?;

    let prepared = match &demo {
        Some(demo) => Some(prepare(demo, &setting, &store, &entropy, foreign.as_ref()).await?),
        None => None,
    };
    let machine = setting.start_machine(demo.as_ref(), prepared, foreign).await;
    let usage = Arc::new(usage_writer(&config, &store, &inherited)?);
    let tail = Tail::new();
    let gateway = gateway((&config, &engine_url), tail.shown(&usage), tracing, (&clock, &entropy))?;
    let managed = setting.switching(&machine, &store, &gateway).await?;
    let live = Arc::new(Live::new(
        machine.engine_status.clone(),
        machine.gpus.borrow().overview(),
    ));
    let console = Arc::new(Console {
        throttle: Throttle::new(clock.clone()),
        store: store.clone(),
        gateway: Arc::clone(&gateway),
        live: Arc::clone(&live),
        tail: Arc::clone(&tail),
        node: Node::new(&config.node.name, &machine, managed, stopping.clone()),
        passwords: Passwords::new(entropy.clone()),
        clock: clock.clone(),
        entropy,
        site,
        settings: console::effective_settings(&config, origin),
        sessions: session_rules(&config),
        api_host: config.hosts().map(|hosts| hosts.api),
        demo: demo.is_some(),
        stopping: accepting.clone(),
    });

    let tasks = TaskTracker::new();
    let background = Background {
        gateway: Arc::clone(&gateway),
        store: store.clone(),
        live,
        keep_requests: Duration::from_hours(24 * u64::from(config.usage.keep_requests_days)),
        tail,
        clock,
        stopping: stopping.clone(),
    };
    let begun = background.begin(&tasks, &usage, &console.entropy).await;
    begun.map_err(command::store_failure)?;
    let (engine, gpus) = (machine.engine.clone(), machine.gpus.clone());
    let (credentials, tls) = (machine.credentials.clone(), front.tls());
    let reports = reports::router(machine.remote.clone(), agent);
    alerting::start(&config, &console, &machine, (&usage, tls.clone()), (&tasks, &stopping))?;
    background.start(&tasks, &config, &console.node, machine, origin.file.clone());
    let traced = exporter.map(|exporter| exporter.start(&tasks, &stopping));
    stop_when_told(&tasks, &stopping)?;

    let health = health::router(
        Arc::clone(&gateway),
        engine.clone(),
        store.clone(),
        Arc::clone(&usage),
        Figures { gpus, tls, traced },
    );
    let control = control::router(&console, &config.server.data_dir, &console.entropy)?;
    // An engine that this process runs has one master: it is not handed over. Whoever learns that this process is ready may
    // ask for another one at once.
    if demo.is_none() && !config.runs_engine() {
        tasks.spawn(front.handover(&config.server.data_dir)?.follow(accepting.clone()));
    }
    ready::announce(&front.addresses(), credentials.as_ref(), options.ready_file.as_deref())?;
    notify::ready();
    let ends = Ends::new(accepting, &stopping, config.server.drain_seconds);
    let sites = sites(&config, &gateway, &console, (engine, reports), &tasks);
    front.run((sites, gateway), health.merge(control), &tasks, ends).await;

    tracing::info!("stopping");
    stopping.cancel();
    end(&tasks, &console.node).await;
    usage.close().await;
    store.close().await;
    Ok(())
}

/// What the demo brings; the model that it shows is that of the engine in front of it, or of its first profile.
async fn prepare(
    demo: &Demo,
    setting: &Setting<'_>,
    store: &Store,
    entropy: &Entropy,
    foreign: Option<&Watched>,
) -> Result<Prepared, Failure> {
    let ours = setting.config.profile.first().map_or("", |profile| &profile.name);
    let model = foreign.map_or(ours, |(_, status)| &status.model);
    demo.prepare(store, setting.config, entropy, model).await
}

/// Cancels `stopping` when the process is told to stop.
fn stop_when_told(tasks: &TaskTracker, stopping: &CancellationToken) -> Result<(), Failure> {
    let (told_to_stop, stopping) = (until_told_to_stop()?, stopping.clone());
    tasks.spawn(async move {
        // One that has handed over stops without being told.
        if stopping.run_until_cancelled(told_to_stop).await.is_some() {
            stopping.cancel();
        }
    });
    Ok(())
}

/// Waits until nothing goes on any more.
async fn end(tasks: &TaskTracker, node: &Node) {
    tasks.close();
    tasks.wait().await;
    if let Some(managed) = &node.managed {
        managed.switching.ended().await;
    }
}

/// The sites, told apart by host or by path.
fn sites(
    config: &Config,
    gateway: &Arc<Gateway>,
    console: &Arc<Console>,
    (engine, reports): (watch::Receiver<Arc<EngineStatus>>, Router),
    tasks: &TaskTracker,
) -> Router {
    let own_usage = KeyUsageState {
        gateway: Arc::clone(gateway),
        store: console.store.clone(),
        clock: console.clock.clone(),
    };
    let api = worv_proxy::router(Arc::clone(gateway))
        .route("/health", get(async || "ok\n"))
        .route(key_usage::PATH, get(key_usage).with_state(own_usage));
    let stopping = console.stopping.clone();
    let style = console.site.style();
    let console = reports.fallback_service(console::router(console));
    let trusted = config.server.trusted_proxies.clone();
    let Some(hosts) = config.hosts() else {
        let beside = chat::note().merge(docs::router_below_path(config.clone(), engine));
        return edge::by_path(api.merge(beside).fallback_service(console), trusted);
    };
    let api = api.fallback_service(worv_proxy::not_found.with_state(Arc::clone(gateway)));
    let (upstream, https) = (config.chat.upstream.as_deref(), config.secure_cookies());
    let sites = Sites {
        api,
        console,
        docs: docs::router(config.clone(), engine).merge(style),
        chat: chat::router(upstream, https, stopping, tasks.clone()),
    };
    edge::by_host(hosts, sites, trusted)
}

/// Each open stream is a connection on both sides; the limit that programs start with is for a hundred of them.
fn open_more_files() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

fn engine_url(config: &Config, demo: Option<&Demo>) -> Result<reqwest::Url, Failure> {
    let url = match (&config.engine.url, demo.and_then(Demo::engine_url)) {
        (Some(url), _) => url.clone(),
        (None, Some(url)) => url,
        (None, None) => {
            let message = "engine.url is not set: give the vLLM server's address, such as http://127.0.0.1:8000, or try `worv serve --demo`";
            return Err(Failure::new(Kind::Config, message));
        }
    };
    url.parse()
        .map_err(|error| Failure::new(Kind::Config, format!("engine.url is {url:?}: {error}")))
}

/// How the agent that runs the engine is known, if one does.
fn agent_token(config: &Config, options: &Serve) -> Result<Option<Bearer>, Failure> {
    let wrong = |message| Err(Failure::new(Kind::Config, message));
    if config.agent.gateway.is_some() {
        return wrong(
            "agent.gateway is set, which makes this the configuration of an agent: start it with `worv agent`",
        );
    }
    if !config.agent.reports_here() {
        return Ok(None);
    }
    if options.demo {
        return wrong("agent.token_file is set, and --demo brings a machine of its own: leave one of them out");
    }
    Ok(Some(Bearer::new(&config.agent.token()?)))
}

fn session_rules(config: &Config) -> SessionRules {
    let console = &config.console;
    SessionRules {
        secure_cookies: config.secure_cookies(),
        idle: Duration::from_mins(console.session_idle_minutes.into()),
        absolute: Duration::from_hours(console.session_hours.into()),
    }
}

/// The data path.
fn gateway(
    (config, engine_url): (&Config, &reqwest::Url),
    usage: Arc<dyn UsageSink>,
    tracing: Option<Tracing>,
    (clock, entropy): (&Clock, &Entropy),
) -> Result<Arc<Gateway>, Failure> {
    let config = GatewayConfig {
        tracing,
        ..gateway_config(config, engine_url)
    };
    Gateway::new(config, usage, clock.clone(), entropy.clone())
        .map_err(|error| Failure::new(Kind::Config, error.to_string()))
}

fn gateway_config(config: &Config, engine_url: &reqwest::Url) -> GatewayConfig {
    GatewayConfig {
        engine_url: engine_url.to_string(),
        engine_api_key: config.engine.api_key.clone(),
        max_body_bytes: config.limits.max_body_bytes,
        max_context_tokens: config.limits.max_context_tokens,
        max_output_tokens: config.limits.max_output_tokens,
        reserved_tokens: config.limits.reserved_tokens,
        profiles: config.profile.iter().map(model_profile).collect(),
        aliases: config.proxy.aliases.clone(),
        extra_routes: config.proxy.extra_routes.clone(),
        echo_requested_model: config.proxy.echo_requested_model,
        concurrency: config.limits.concurrency,
        queue_length: config.limits.queue_length,
        queue_bytes: config.limits.queue_bytes,
        queue_timeout: Duration::from_secs(config.limits.queue_seconds),
        keep_alive: Duration::from_secs(config.proxy.keep_alive_seconds),
        ..GatewayConfig::default()
    }
}

/// Usage goes to the database, and to files in the data folder while it is not there. Beside a gateway that finishes its
/// last requests with those files, it has a folder of its own; what was left in that one is recorded as well.
fn usage_writer(config: &Config, store: &Store, inherited: &Inherited) -> Result<usage::Writer, Failure> {
    let (durability, folder) = (durability(config.usage.durability), &config.server.data_dir);
    let beside = folder.join(USAGE_BESIDE);
    let start_in = |folder: &Path| {
        create_for_owner(folder).and_then(|()| usage::Writer::start_in(store.clone(), durability, folder))
    };
    let started = match start_in(folder) {
        Err(error) if inherited.is_handed_over() && error.kind() == io::ErrorKind::WouldBlock => start_in(&beside),
        Ok(writer) => {
            if beside.exists()
                && let Err(error) = start_in(&beside)
            {
                tracing::debug!(%error, "another gateway finishes its requests");
            }
            Ok(writer)
        }
        failed => failed,
    };
    started.map_err(|error| {
        let message = format!("server.data_dir: cannot keep usage in {}: {error}", folder.display());
        Failure::new(Kind::CannotCreate, message)
    })
}

fn create_for_owner(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn durability(durability: Durability) -> usage::Durability {
    match durability {
        Durability::Strict => usage::Durability::Strict,
        Durability::Relaxed => usage::Durability::Relaxed,
    }
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::new(Kind::Software, format!("cannot tell where we listen: {error}")))
}

/// Resolves at the first SIGTERM or SIGINT after this call.
pub fn until_told_to_stop() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};

    let listen = |kind| {
        signal(kind).map_err(|error| Failure::new(Kind::Software, format!("cannot listen for signals: {error}")))
    };
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
