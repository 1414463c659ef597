//! The engine's figures, scraped over HTTP.

use std::{fmt::Write, sync::Arc, time::Duration};

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::EngineMetrics;
use worv_core::{Clock, UnixMillis};
use worv_node::engine::{EngineConfig, metrics};

use super::source::{Source, until};

fn watch(engine: &Source, clock: &Clock) -> watch::Receiver<Arc<EngineMetrics>> {
    let config = EngineConfig {
        interval: Duration::from_millis(10),
        timeout: Duration::from_secs(20),
        ..EngineConfig::new(engine.base().parse().unwrap())
    };
    metrics::watch(config, clock.clone(), CancellationToken::new())
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
    let engine = Source::serve(eight_ranks(0)).await;
    let mut metrics = watch(&engine, &Clock::manual(UnixMillis(42)));
    assert_eq!(**metrics.borrow(), EngineMetrics::default());
    let first = until(&mut metrics, |metrics| metrics.sampled_at == 42).await;
    assert_eq!(first.ranks.len(), 8);
    assert_eq!((first.ranks[5].rank, first.ranks[5].figures.running), (5, 5));
    assert_eq!(first.total.running, 28);
    assert!((first.total.kv_cache_percent.unwrap() - 35.0).abs() < 1e-9);
    assert_eq!(first.total.time_to_first_token, None);

    engine.answer(eight_ranks(10));
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
    let engine = Source::serve(eight_ranks(1)).await;
    let clock = Clock::manual(UnixMillis(1));
    let mut metrics = watch(&engine, &clock);
    until(&mut metrics, |metrics| metrics.total.running == 28).await;
    engine.refuse(StatusCode::NOT_FOUND);
    let stale = until(&mut metrics, |metrics| !metrics.detail.is_empty()).await;
    assert_eq!(stale.detail, "The engine answered GET /metrics with 404 Not Found.");
    assert_eq!((stale.sampled_at, stale.total.running), (1, 28));

    engine.answer("process_cpu_seconds_total 1.0\n");
    until(&mut metrics, |metrics| {
        metrics.detail.ends_with("has no figures of vLLM.")
    })
    .await;

    clock.advance(Duration::from_secs(1));
    engine.answer(eight_ranks(1));
    until(&mut metrics, |metrics| {
        metrics.detail.is_empty() && metrics.sampled_at == 1_001
    })
    .await;
}

#[tokio::test]
async fn the_last_minutes_are_kept() {
    let engine = Source::serve(eight_ranks(1)).await;
    let clock = Clock::manual(UnixMillis(1));
    let mut metrics = watch(&engine, &clock);
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

/// What a real vLLM 0.32 answered after some requests.
fn recorded() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/recordings/0.32.0/get-metrics.json");
    let recording: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    recording["response"]["body"].as_str().unwrap().to_owned()
}

/// The value of the only series of a name.
fn value(text: &str, name: &str) -> f64 {
    let series = text
        .lines()
        .find(|line| line.starts_with(&format!("{name}{{")))
        .unwrap();
    series.rsplit_once(' ').unwrap().1.parse().unwrap()
}

/// The same with nothing counted yet.
fn zeroed(text: &str) -> String {
    let zero = |line: &str| match line.rsplit_once(' ') {
        Some((series, _)) if !line.starts_with('#') => format!("{series} 0.0\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(zero).collect()
}

#[tokio::test]
async fn a_real_engines_figures_are_understood() {
    let recorded = recorded();
    let engine = Source::serve(zeroed(&recorded)).await;
    let mut metrics = watch(&engine, &Clock::System);
    until(&mut metrics, |metrics| metrics.sampled_at > 0).await;
    engine.answer(recorded.as_str());
    let metrics = until(&mut metrics, |metrics| metrics.total.time_to_first_token.is_some()).await;
    assert_eq!(metrics.ranks.len(), 1);
    let figures = metrics.total;
    assert_eq!(
        (figures.running, figures.kv_cache_percent, figures.preemptions),
        (0, Some(0.0), Some(0))
    );
    assert_eq!(
        (figures.prefix_cache_hit_percent, figures.speculation_length),
        (Some(0.0), None)
    );
    for (latency, name) in [
        (figures.time_to_first_token, "vllm:time_to_first_token_seconds"),
        (figures.inter_token_latency, "vllm:inter_token_latency_seconds"),
    ] {
        let latency = latency.unwrap();
        let mean = 1_000.0 * value(&recorded, &format!("{name}_sum")) / value(&recorded, &format!("{name}_count"));
        assert!(
            (latency.mean - mean).abs() < 1e-6,
            "{name}: {latency:?} and not {mean} ms"
        );
        assert!(0.0 < latency.p50 && latency.p50 < latency.p95, "{name}: {latency:?}");
    }
    let ratio = figures.prompt_tokens_per_second.unwrap() / figures.generated_tokens_per_second.unwrap();
    let expected = value(&recorded, "vllm:prompt_tokens_total") / value(&recorded, "vllm:generation_tokens_total");
    assert!((ratio - expected).abs() < 1e-6, "{figures:?}");
}
