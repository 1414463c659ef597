//! Health and metrics, on an address of their own.

use std::{fmt::Write, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header};
use serde::Serialize;
use tokio::sync::watch;
use worv_api::{EngineState, EngineStatus, Gpu};
use worv_proxy::Gateway;
use worv_store::{
    Store,
    usage::{Writer, WriterStatus},
};

use super::figures::Figures;

/// What health looks at.
#[derive(Clone)]
struct Health {
    gateway: Arc<Gateway>,
    engine: watch::Receiver<Arc<EngineStatus>>,
    store: Store,
    usage: Arc<Writer>,
    figures: Figures,
}

#[derive(Serialize)]
struct Readiness<'a> {
    status: &'static str,
    engine: EngineState,
    database: &'static str,
    usage: &'static str,
    /// The gateway's.
    version: &'static str,
    engine_version: &'a str,
    /// What the engine serves; empty while it has not said.
    model: &'a str,
    /// The engine's own window, in tokens.
    max_model_len: Option<u64>,
    gpus: Vec<ReadyGpu<'a>>,
}

#[derive(Serialize)]
struct ReadyGpu<'a> {
    name: &'a str,
    /// In bytes.
    memory_total: u64,
    fault: Option<&'a str>,
}

/// `/health/live`, `/health/ready` and `/metrics`.
pub fn router(
    gateway: Arc<Gateway>,
    engine: watch::Receiver<Arc<EngineStatus>>,
    store: Store,
    usage: Arc<Writer>,
    figures: Figures,
) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Health {
            gateway,
            engine,
            store,
            usage,
            figures,
        })
}

/// 200 where requests can be served in full, 503 where something they need is away, with what that is.
async fn ready(State(health): State<Health>) -> Response {
    let engine = Arc::clone(&health.engine.borrow());
    let gpus = health.figures.gpus();
    let database = health.store.ping().await.is_ok();
    let usage = health.usage.status();
    let well = database && !usage.failing && engine.state == EngineState::Up;
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let readiness = Readiness {
        status: if well { "ready" } else { "degraded" },
        engine: engine.state,
        version: env!("CARGO_PKG_VERSION"),
        engine_version: &engine.version,
        model: &engine.model,
        max_model_len: engine.max_model_len,
        gpus: gpus.iter().map(ready_gpu).collect(),
        database: if database { "up" } else { "down" },
        usage: usage_in_words(usage),
    };
    (status, Json(readiness)).into_response()
}

fn ready_gpu(gpu: &Gpu) -> ReadyGpu<'_> {
    ReadyGpu {
        name: &gpu.name,
        memory_total: gpu.memory_total,
        fault: gpu.fault.as_deref(),
    }
}

/// Where usage is: in the database, kept beside it until it takes it, or, of some requests, nowhere.
fn usage_in_words(usage: WriterStatus) -> &'static str {
    if usage.dropped > 0 {
        "incomplete"
    } else if usage.failing {
        "set_aside"
    } else {
        "recorded"
    }
}

/// The counters in Prometheus' text format
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
async fn metrics(State(health): State<Health>) -> Response {
    let counters = health.gateway.counters();
    let usage = health.usage.status();
    let engine_up = u64::from(health.engine.borrow().state == EngineState::Up);
    let mut text = String::new();
    for (name, kind, help, value) in [
        (
            "worv_requests_admitted_total",
            "counter",
            "Requests admitted to the data path.",
            counters.admitted,
        ),
        (
            "worv_requests_in_flight",
            "gauge",
            "Requests under way.",
            counters.in_flight,
        ),
        (
            "worv_prompt_tokens_total",
            "counter",
            "Prompt tokens, cached ones included.",
            counters.prompt_tokens,
        ),
        (
            "worv_completion_tokens_total",
            "counter",
            "Tokens generated.",
            counters.completion_tokens,
        ),
        (
            "worv_engine_failures_total",
            "counter",
            "Requests that the engine failed.",
            counters.engine_failures,
        ),
        (
            "worv_usage_waiting",
            "gauge",
            "Usage records that are neither in the database nor in the journal yet.",
            usage.waiting as u64,
        ),
        (
            "worv_usage_set_aside",
            "gauge",
            "Whether the database lacks usage that is in the journal or in memory.",
            u64::from(usage.failing),
        ),
        (
            "worv_usage_dropped_total",
            "counter",
            "Usage records that were given up because too many waited.",
            usage.dropped,
        ),
        (
            "worv_requests_untracked_total",
            "counter",
            "Requests that a kill would have taken without a trace.",
            usage.untracked,
        ),
        ("worv_engine_up", "gauge", "Whether the engine answers.", engine_up),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    health.figures.write_to(&mut text);
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}
