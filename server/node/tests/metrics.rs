//! The engine's figures, scraped over HTTP.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::{
    fmt::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use worv_api::EngineMetrics;
use worv_core::{Clock, UnixMillis};
use worv_node::engine::{EngineConfig, metrics};

/// What `/metrics` answers; a test changes it while it is watched.
type Exposition = Arc<Mutex<Result<String, StatusCode>>>;

async fn serve(exposition: Exposition) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = async |State(exposition): State<Exposition>| exposition.lock().unwrap().clone();
    let router = Router::new().route("/metrics", get(answer)).with_state(exposition);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn watch(address: SocketAddr, clock: &Clock) -> watch::Receiver<Arc<EngineMetrics>> {
    let config = EngineConfig {
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(20),
        ..EngineConfig::new(format!("http://{address}").parse().unwrap())
    };
    metrics::watch(config, clock.clone(), CancellationToken::new())
}

async fn until(
    metrics: &mut watch::Receiver<Arc<EngineMetrics>>,
    wanted: impl Fn(&EngineMetrics) -> bool,
) -> Arc<EngineMetrics> {
    Arc::clone(&metrics.wait_for(|metrics| wanted(metrics)).await.unwrap())
}

/// Eight data-parallel ranks, each with this many requests ended, a tenth of a second to the first token of each.
fn eight_ranks(requests: u32) -> String {
    let mut text = String::new();
    for rank in 0..8 {
        let labels = format!("engine=\"{rank}\",model_name=\"DeepSeek-V4-Pro\"");
        let name = "vllm:time_to_first_token_seconds";
        writeln!(text, "vllm:num_requests_running{{{labels}}} {rank}.0").unwrap();
        writeln!(text, "vllm:kv_cache_usage_perc{{{labels}}} 0.{rank}").unwrap();
        writeln!(text, "{name}_bucket{{{labels},le=\"0.08\"}} 0.0").unwrap();
        writeln!(text, "{name}_bucket{{{labels},le=\"0.12\"}} {requests}.0").unwrap();
        writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {requests}.0").unwrap();
        writeln!(text, "{name}_count{{{labels}}} {requests}.0").unwrap();
        writeln!(text, "{name}_sum{{{labels}}} {}", f64::from(requests) / 10.0).unwrap();
    }
    text
}

#[tokio::test]
async fn eight_ranks_are_shown_one_by_one_and_together() {
    let exposition = Arc::new(Mutex::new(Ok(eight_ranks(0))));
    let mut metrics = watch(serve(Arc::clone(&exposition)).await, &Clock::manual(UnixMillis(42)));
    assert_eq!(**metrics.borrow(), EngineMetrics::default());
    let first = until(&mut metrics, |metrics| metrics.sampled_at == 42).await;
    assert_eq!(first.ranks.len(), 8);
    assert_eq!((first.ranks[5].rank, first.ranks[5].figures.running), (5, 5));
    assert_eq!(first.total.running, 28);
    assert!((first.total.kv_cache_percent.unwrap() - 35.0).abs() < 1e-9);
    assert_eq!(first.total.time_to_first_token, None);

    *exposition.lock().unwrap() = Ok(eight_ranks(10));
    let later = until(&mut metrics, |metrics| metrics.total.time_to_first_token.is_some()).await;
    let latency = later.total.time_to_first_token.unwrap();
    assert!(
        (latency.mean - 100.0).abs() < 1e-6 && (latency.p50 - 100.0).abs() < 1e-6,
        "{latency:?}"
    );
    assert!((latency.p95 - 118.0).abs() < 1e-6, "{latency:?}");
}

#[tokio::test]
async fn figures_that_cannot_be_read_stay_with_their_time_and_the_reason() {
    let exposition = Arc::new(Mutex::new(Ok(eight_ranks(1))));
    let clock = Clock::manual(UnixMillis(1));
    let mut metrics = watch(serve(Arc::clone(&exposition)).await, &clock);
    until(&mut metrics, |metrics| metrics.total.running == 28).await;
    *exposition.lock().unwrap() = Err(StatusCode::NOT_FOUND);
    let stale = until(&mut metrics, |metrics| !metrics.detail.is_empty()).await;
    assert_eq!(stale.detail, "The engine answered GET /metrics with 404 Not Found.");
    assert_eq!((stale.sampled_at, stale.total.running), (1, 28));

    *exposition.lock().unwrap() = Ok("process_cpu_seconds_total 1.0\n".to_owned());
    until(&mut metrics, |metrics| {
        metrics.detail.ends_with("has no figures of vLLM.")
    })
    .await;

    clock.advance(Duration::from_secs(1));
    *exposition.lock().unwrap() = Ok(eight_ranks(1));
    until(&mut metrics, |metrics| {
        metrics.detail.is_empty() && metrics.sampled_at == 1_001
    })
    .await;
}

#[tokio::test]
async fn the_last_minutes_are_kept() {
    let exposition = Arc::new(Mutex::new(Ok(eight_ranks(1))));
    let clock = Clock::manual(UnixMillis(1));
    let mut metrics = watch(serve(exposition).await, &clock);
    let history = metrics::record(metrics.clone(), CancellationToken::new());
    for second in 0..3 {
        until(&mut metrics, |metrics| metrics.sampled_at == 1 + 1_000 * second).await;
        clock.advance(Duration::from_secs(1));
    }
    until(&mut metrics, |metrics| metrics.sampled_at == 3_001).await;
    let points = history.points();
    assert!(
        points
            .iter()
            .any(|point| point.at == 1_001 && point.figures.running == 28),
        "{points:?}"
    );
}
