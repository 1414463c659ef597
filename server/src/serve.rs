//! Serving: everything is checked, then everything is started, then it runs until it is told to stop.

use std::{fs::DirBuilder, io, net::SocketAddr, os::unix::fs::DirBuilderExt, path::Path, sync::Arc, time::Duration};

use axum::{Router, handler::Handler, routing::get};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use worv_api::{EngineState, EngineStatus};
use worv_core::{Clock, Entropy, usage::UsageSink};
use worv_node::{
    engine::{self, EngineConfig},
    gpu::{self, GpuConfig},
};
use worv_proxy::{Gateway, GatewayConfig, MessagesSupport, ModelProfile, ThinkingMap};
use worv_store::{Store, usage};

use crate::{
    chat,
    command::{self, Serve},
    config::{self, Config, Durability, Origin},
    console::{self, Console, Live, SessionRules, Site, Tail, Throttle},
    docs,
    edge::{self, Sites},
    failure::{Failure, Kind},
    password::Passwords,
};
pub use listener::bind;
pub use node::Node;

use background::Background;
use demo::{Demo, LoadMeter, Prepared};
use figures::Figures;
use front::{Addresses, Front};
use inherited::Inherited;
use key_usage::{KeyUsageState, key_usage};
use listener::Ends;

mod background;
mod connection;
mod demo;
mod figures;
mod front;
mod handover;
mod health;
mod inherited;
mod key_usage;
mod listener;
mod log;
mod node;
mod notify;
mod prefixed;
mod ready;

/// The folder of usage, in the data folder, of a gateway that has taken over from one that still runs.
const USAGE_BESIDE: &str = "usage-beside";

/// How often the GPUs are read.
const GPU_INTERVAL: Duration = Duration::from_secs(1);

/// Serves until the process is told to stop (SIGTERM, SIGINT).
pub async fn serve(config: Config, origin: &Origin, options: Serve) -> Result<(), Failure> {
    let clock = Clock::System;
    let entropy = Entropy::System;
    let stopping = CancellationToken::new();
    let accepting = stopping.child_token();

    open_more_files();
    // All that can be wrong is found out before anything is written or promised.
    let mut inherited = Inherited::from_environment()?;
    let front = Front::bind(&config, &clock, &mut inherited).await?;
    let site = Site::open(config.server.site_dir.as_deref())?;
    let demo = if options.demo {
        Some(Demo::start(&config).await?)
    } else {
        None
    };
    let engine_url = engine_url(&config, demo.as_ref())?;
    let mut engine = engine::watch(engine_config(&config, &engine_url), clock.clone(), stopping.clone());
    let engine_status = first_answer(&mut engine).await;
    if config.engine.must_answer_at_start && engine_status.state != EngineState::Up {
        return Err(no_engine(&engine_status));
    }
    // A start that has failed by now has said so in its one line.
    log::start(&config.log)?;
    let store = Store::open(&config.database_url(), clock.clone())
        .await
        .map_err(command::store_failure)?;

    let prepared = match &demo {
        Some(demo) => Some(demo.prepare(&store, &config, &entropy, &engine_status.model).await?),
        None => None,
    };
    let gpus = gpu::watch(gpu_config(&config, prepared.as_ref()), clock.clone(), stopping.clone());
    let (load, credentials) = prepared
        .map(|made| (LoadMeter::new(made.gpus), made.credentials))
        .unzip();
    let usage = Arc::new(usage_writer(&config, &store, &inherited)?);
    let tail = Tail::new();
    let gateway = gateway(&config, &engine_url, tail.shown(&usage), (&clock, &entropy))?;
    let metrics = engine::metrics::watch(engine_config(&config, &engine_url), clock.clone(), stopping.clone());
    let live = Arc::new(Live::new(EngineStatus::clone(&engine_status), gpus.borrow().overview()));
    let console = Arc::new(Console {
        throttle: Throttle::new(clock.clone()),
        store: store.clone(),
        gateway: Arc::clone(&gateway),
        live: Arc::clone(&live),
        tail: Arc::clone(&tail),
        node: Node::new(gpus.clone(), config.profile.clone(), stopping.clone()),
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
    background.load_keys().await.map_err(command::store_failure)?;
    background.start(&tasks, engine.clone(), gpus.clone(), metrics, load);
    stop_when_told(&stopping, &tasks)?;

    let tls = front.tls();
    let health = health::router(
        Arc::clone(&gateway),
        engine.clone(),
        store.clone(),
        Arc::clone(&usage),
        Figures { gpus, tls },
    );
    ready::announce(&front.addresses(), credentials.as_ref(), options.ready_file.as_deref())?;
    notify::ready();
    // The demo's engine is in this process and cannot be handed over.
    if demo.is_none() {
        tasks.spawn(front.handover(&config.server.data_dir)?.follow(accepting.clone()));
    }
    let ends = Ends {
        accepting,
        stopping: stopping.clone(),
        drain: Duration::from_secs(config.server.drain_seconds),
    };
    let sites = sites(&config, &gateway, &console, engine, &tasks);
    front.run(sites, health, &tasks, ends).await;

    tracing::info!("stopping");
    stopping.cancel();
    tasks.close();
    tasks.wait().await;
    usage.close().await;
    store.close().await;
    if let Some(demo) = demo {
        demo.stop().await;
    }
    Ok(())
}

/// The sites, told apart by host or by path.
fn sites(
    config: &Config,
    gateway: &Arc<Gateway>,
    console: &Arc<Console>,
    engine: watch::Receiver<Arc<EngineStatus>>,
    tasks: &TaskTracker,
) -> Router {
    let own_usage = KeyUsageState {
        gateway: Arc::clone(gateway),
        store: console.store.clone(),
        clock: console.clock.clone(),
    };
    let api = worv_proxy::router(Arc::clone(gateway))
        .route("/health", get(async || "ok\n"))
        .route("/v1/usage", get(key_usage).with_state(own_usage));
    let stopping = console.stopping.clone();
    let style = console.site.style();
    let console = console::router(console);
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

/// The engine's state once it has been asked for the first time.
async fn first_answer(engine: &mut watch::Receiver<Arc<EngineStatus>>) -> EngineStatus {
    let answered = engine.wait_for(|status| status.state != EngineState::Starting).await;
    answered.map_or_else(|_| EngineStatus::starting(0), |status| EngineStatus::clone(&status))
}

fn no_engine(status: &EngineStatus) -> Failure {
    let cure =
        "Start it, correct the address, or set engine.must_answer_at_start = false to serve without it meanwhile.";
    Failure::new(Kind::Unavailable, format!("engine.url: {} {cure}", status.detail))
}

fn engine_config(config: &Config, url: &reqwest::Url) -> EngineConfig {
    EngineConfig {
        api_key: config.engine.api_key.clone(),
        ..EngineConfig::new(url.clone())
    }
}

fn session_rules(config: &Config) -> SessionRules {
    let console = &config.console;
    SessionRules {
        secure_cookies: config.secure_cookies(),
        idle: Duration::from_mins(console.session_idle_minutes.into()),
        absolute: Duration::from_hours(console.session_hours.into()),
    }
}

fn gpu_config(config: &Config, demo: Option<&Prepared>) -> GpuConfig {
    let demo_library = demo.map(|demo| demo.gpus.library().to_owned());
    GpuConfig {
        library: config.gpu.nvml_library.clone().or(demo_library),
        interval: GPU_INTERVAL,
    }
}

fn gateway(
    config: &Config,
    engine_url: &reqwest::Url,
    usage: Arc<dyn UsageSink>,
    (clock, entropy): (&Clock, &Entropy),
) -> Result<Arc<Gateway>, Failure> {
    let config = gateway_config(config, engine_url);
    Gateway::new(config, usage, clock.clone(), entropy.clone())
        .map_err(|error| Failure::new(Kind::Config, error.to_string()))
}

fn gateway_config(config: &Config, engine_url: &reqwest::Url) -> GatewayConfig {
    let profile = |profile: &config::Profile| ModelProfile {
        aliases: profile.aliases.clone(),
        max_context_tokens: profile.max_context_tokens,
        thinking: profile
            .thinking
            .as_ref()
            .map(thinking_map)
            .or_else(|| ThinkingMap::of_model(&profile.name)),
        max_output_tokens: profile.max_output_tokens,
        strip_han: profile.strip_han,
        messages: profile.messages.map(|messages| match messages {
            config::Messages::Native => MessagesSupport::Native,
            config::Messages::Translated => MessagesSupport::Translated,
        }),
        ..ModelProfile::of_model(&profile.name)
    };
    GatewayConfig {
        engine_url: engine_url.to_string(),
        engine_api_key: config.engine.api_key.clone(),
        max_body_bytes: config.limits.max_body_bytes,
        max_context_tokens: config.limits.max_context_tokens,
        max_output_tokens: config.limits.max_output_tokens,
        reserved_tokens: config.limits.reserved_tokens,
        profiles: config.profile.iter().map(profile).collect(),
        aliases: config.proxy.aliases.clone(),
        echo_requested_model: config.proxy.echo_requested_model,
        concurrency: config.limits.concurrency,
        queue_length: config.limits.queue_length,
        queue_bytes: config.limits.queue_bytes,
        queue_timeout: Duration::from_secs(config.limits.queue_seconds),
        keep_alive: Duration::from_secs(config.proxy.keep_alive_seconds),
        ..GatewayConfig::default()
    }
}

fn thinking_map(thinking: &config::Thinking) -> ThinkingMap {
    let switch = match thinking.switch {
        config::Switch::Thinking => "thinking",
        config::Switch::EnableThinking => "enable_thinking",
    };
    ThinkingMap {
        switch: switch.to_owned(),
        default: thinking.default,
        efforts: thinking.efforts.clone().into_iter().collect(),
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

fn stop_when_told(stopping: &CancellationToken, tasks: &TaskTracker) -> Result<(), Failure> {
    let (told_to_stop, stopping) = (until_told_to_stop()?, stopping.clone());
    tasks.spawn(async move {
        told_to_stop.await;
        stopping.cancel();
    });
    Ok(())
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
