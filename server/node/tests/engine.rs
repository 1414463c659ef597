//! The engine watch against a small HTTP server that plays vLLM's part.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use worv_api::{EngineState, EngineStatus};
use worv_core::{Clock, Secret, UnixMillis};
use worv_node::engine::{self, EngineConfig};

/// What the engine answers; a test changes it while it is watched.
struct Script {
    health: StatusCode,
    models: Value,
    version: Option<&'static str>,
    hangs: bool,
}

type Shared = Arc<Mutex<Script>>;

struct Engine {
    address: SocketAddr,
    script: Shared,
    server: JoinHandle<()>,
}

impl Engine {
    async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let script = Arc::new(Mutex::new(Script {
            health: StatusCode::OK,
            models: models("DeepSeek-V4-Pro", 262_144),
            version: Some("0.19.1"),
            hangs: false,
        }));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/health", get(health))
            .route("/v1/models", get(list_models))
            .route("/version", get(version))
            .with_state(Arc::clone(&script));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            script,
            server,
        }
    }

    fn watch(&self, clock: &Clock) -> Watched {
        watch(self.address, Duration::from_secs(20), clock)
    }

    fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }
}

async fn health(State(script): State<Shared>) -> StatusCode {
    if script.lock().unwrap().hangs {
        std::future::pending::<()>().await;
    }
    script.lock().unwrap().health
}

async fn list_models(State(script): State<Shared>) -> Json<Value> {
    Json(script.lock().unwrap().models.clone())
}

async fn version(State(script): State<Shared>) -> impl IntoResponse {
    let version = script.lock().unwrap().version;
    version
        .map(|version| Json(json!({ "version": version })))
        .ok_or(StatusCode::NOT_FOUND)
}

struct Watched {
    statuses: watch::Receiver<Arc<EngineStatus>>,
    cancel: CancellationToken,
}

impl Watched {
    async fn until(&mut self, wanted: impl Fn(&EngineStatus) -> bool) -> Arc<EngineStatus> {
        let seen = self.statuses.wait_for(|status| wanted(status)).await;
        Arc::clone(&seen.expect("the watch goes on"))
    }

    async fn until_up(&mut self) -> Arc<EngineStatus> {
        self.until(|status| status.state == EngineState::Up).await
    }

    async fn until_down(&mut self) -> Arc<EngineStatus> {
        self.until(|status| status.state == EngineState::Down).await
    }
}

fn watch(address: SocketAddr, timeout: Duration, clock: &Clock) -> Watched {
    let cancel = CancellationToken::new();
    let config = EngineConfig {
        interval: Duration::from_millis(10),
        timeout,
        ..EngineConfig::new(format!("http://{address}").parse().unwrap())
    };
    let statuses = engine::watch(config, clock.clone(), cancel.clone());
    Watched { statuses, cancel }
}

fn models(id: &str, max_model_len: u64) -> Value {
    json!({"object": "list", "data": [{"id": id, "object": "model", "max_model_len": max_model_len}]})
}

#[tokio::test]
async fn an_engine_that_answers_is_up_and_says_what_it_serves() {
    let engine = Engine::start().await;
    let mut watched = engine.watch(&Clock::manual(UnixMillis(42)));
    assert_eq!(
        *watched.statuses.borrow_and_update().as_ref(),
        EngineStatus::starting(42)
    );
    let status = watched.until_up().await;
    let expected = EngineStatus {
        state: EngineState::Up,
        model: "DeepSeek-V4-Pro".to_owned(),
        max_model_len: Some(262_144),
        version: "0.19.1".to_owned(),
        since: 42,
        detail: String::new(),
    };
    assert_eq!(*status, expected);
}

#[tokio::test]
async fn an_engine_that_goes_and_comes_back_is_followed() {
    let engine = Engine::start().await;
    let address = engine.address;
    let clock = Clock::manual(UnixMillis(0));
    let mut watched = engine.watch(&clock);
    watched.until_up().await;

    clock.advance(Duration::from_secs(5));
    engine.server.abort();
    drop(engine);
    let down = watched.until_down().await;
    assert_eq!(down.since, 5_000);
    assert_eq!(down.model, "DeepSeek-V4-Pro", "what it served last is remembered");

    clock.advance(Duration::from_secs(5));
    let _engine = Engine::start_at(address).await;
    let up = watched.until_up().await;
    assert_eq!((up.since, up.detail.as_str()), (10_000, ""));
}

#[tokio::test]
async fn nobody_listening_is_said_in_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut watched = watch(address, Duration::from_secs(20), &Clock::System);
    let down = watched.until_down().await;
    assert!(
        down.detail
            .starts_with(&format!("The engine cannot be reached at http://{address}: ")),
        "{}",
        down.detail
    );
    assert!(down.detail.contains("refused"), "{}", down.detail);
}

#[tokio::test]
async fn an_engine_that_is_ill_is_down() {
    let engine = Engine::start().await;
    let mut watched = engine.watch(&Clock::System);
    watched.until_up().await;
    engine.set(|script| script.health = StatusCode::SERVICE_UNAVAILABLE);
    let down = watched.until_down().await;
    assert_eq!(
        down.detail,
        "The engine answered GET /health with 503 Service Unavailable."
    );
    engine.set(|script| script.health = StatusCode::OK);
    watched.until_up().await;
}

#[tokio::test]
async fn an_engine_that_hangs_is_down() {
    let engine = Engine::start().await;
    engine.set(|script| script.hangs = true);
    let mut watched = watch(engine.address, Duration::from_millis(30), &Clock::System);
    let down = watched.until_down().await;
    assert_eq!(down.detail, "The engine did not answer within 30ms.");
}

#[tokio::test]
async fn another_model_is_noticed_while_it_is_up() {
    let engine = Engine::start().await;
    let clock = Clock::manual(UnixMillis(1));
    let mut watched = engine.watch(&clock);
    watched.until_up().await;
    clock.advance(Duration::from_secs(1));
    engine.set(|script| script.models = models("Kimi-K2.6", 131_072));
    let status = watched.until(|status| status.model == "Kimi-K2.6").await;
    assert_eq!((status.max_model_len, status.since), (Some(131_072), 1));
}

#[tokio::test]
async fn what_serves_no_model_or_is_no_engine_is_down() {
    let engine = Engine::start().await;
    engine.set(|script| script.models = json!({"object": "list", "data": []}));
    let mut watched = engine.watch(&Clock::System);
    let down = watched.until_down().await;
    assert_eq!(
        down.detail,
        "The engine serves no model: the list of GET /v1/models is empty."
    );
    engine.set(|script| script.models = json!({"hello": "world"}));
    watched
        .until(|status| {
            status
                .detail
                .starts_with("The engine's answer to GET /v1/models is not understood: ")
        })
        .await;
}

#[tokio::test]
async fn an_engine_that_does_not_tell_its_version_is_up_all_the_same() {
    let engine = Engine::start().await;
    engine.set(|script| script.version = None);
    let status = engine.watch(&Clock::System).until_up().await;
    assert_eq!(status.version, "");
}

#[tokio::test]
async fn the_watch_ends_when_it_is_cancelled() {
    let engine = Engine::start().await;
    let mut watched = engine.watch(&Clock::System);
    watched.until_up().await;
    watched.cancel.cancel();
    while watched.statuses.changed().await.is_ok() {}
}

#[tokio::test]
async fn an_engine_behind_a_key_is_asked_with_it() {
    let guarded = |headers: HeaderMap| async move {
        let known = headers
            .get("authorization")
            .is_some_and(|key| key == "Bearer engine-key");
        if known {
            Json(models("DeepSeek-V4-Pro", 4096)).into_response()
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: reqwest::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new()
        .route("/health", get(|| async {}))
        .route("/v1/models", get(guarded));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let cancel = CancellationToken::new();
    let _stop = cancel.clone().drop_guard();
    for (api_key, state) in [
        (None, EngineState::Down),
        (Some(Secret::new("wrong")), EngineState::Down),
        (Some(Secret::new("engine-key")), EngineState::Up),
    ] {
        let config = EngineConfig {
            api_key,
            ..EngineConfig::new(url.clone())
        };
        let mut statuses = engine::watch(config, Clock::default(), cancel.clone());
        let status = statuses
            .wait_for(|status| status.state != EngineState::Starting)
            .await
            .unwrap();
        assert_eq!(status.state, state, "{}", status.detail);
    }
}
