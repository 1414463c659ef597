//! The figures that are read first.

use leptos::prelude::*;
use worv_api::EngineMetrics;

use crate::{
    components::{Tile, Tone},
    figures::{self, Summary},
    format,
    live::LiveFeed,
};

/// Requests, tokens, the queue, the first token, the cache and failures.
#[component]
pub(crate) fn Tiles() -> impl IntoView {
    let LiveFeed { samples, metrics, .. } = expect_context::<LiveFeed>();
    let summary = Memo::new(move |_| samples.with(|samples| figures::summary(samples.iter())));
    let of = move |text: fn(&Summary) -> String| Signal::derive(move || summary.with(text));
    let engine = move |text: fn(&EngineMetrics) -> String| Signal::derive(move || metrics.with(text));
    let waiting = Signal::derive(move || {
        let waiting = metrics.with(|metrics| metrics.total.waiting);
        let most = summary.with(|now| now.most_in_flight);
        format!(
            "{} waiting · {} at most",
            format::thousands(waiting.into()),
            format::thousands(most.into())
        )
    });
    let queueing = Signal::derive(move || metrics.with(|metrics| (metrics.total.waiting > 0).then_some(Tone::Warn)));
    view! {
        <section class="tiles tiles--six" aria-label="Now">
            <Tile
                label="Requests per second"
                value=of(|now| format::rate(now.requests_per_second))
                detail=of(|now| format!("{} in 15 min", format::thousands(now.requests)))
            />
            <Tile
                label="Tokens per second"
                value=of(|now| format::rate(now.tokens_per_second))
                detail=of(|now| format!("{} in 15 min", format::thousands(now.tokens)))
            />
            <Tile
                label="In flight"
                value=of(|now| format::thousands(now.in_flight.into()))
                detail=waiting
                tone=queueing
            />
            <Tile label="Time to first token" value=engine(first_token) detail=engine(slow_first_token)/>
            <Tile label="KV cache in use" value=engine(cache) detail=engine(cache_hits)/>
            <Tile
                label="Failures in 15 min"
                value=of(|now| format::thousands(now.failures))
                detail=of(|now| match now.last_failure {
                    Some(at) => format!("last at {} UTC", format::time(at)),
                    None => "none".to_owned(),
                })
                tone=Signal::derive(move || summary.with(|now| (now.failures > 0).then_some(Tone::Bad)))
            />
        </section>
    }
}

fn first_token(metrics: &EngineMetrics) -> String {
    let latency = metrics.total.time_to_first_token;
    latency.map_or_else(|| "–".to_owned(), |latency| milliseconds(latency.p50))
}

fn slow_first_token(metrics: &EngineMetrics) -> String {
    match metrics.total.time_to_first_token {
        Some(latency) => format!("19 of 20 within {}", milliseconds(latency.p95)),
        None if metrics.detail.is_empty() => "no request lately".to_owned(),
        None => metrics.detail.clone(),
    }
}

fn cache(metrics: &EngineMetrics) -> String {
    metrics
        .total
        .kv_cache_percent
        .map_or_else(|| "–".to_owned(), |percent| format!("{} %", format::whole(percent)))
}

fn cache_hits(metrics: &EngineMetrics) -> String {
    let hits = metrics.total.prefix_cache_hit_percent;
    hits.map_or_else(
        || "no prompt lately".to_owned(),
        |percent| format!("{} % of prompts from it", format::whole(percent)),
    )
}

/// Milliseconds as they are, or seconds where there are many.
fn milliseconds(millis: f64) -> String {
    if millis < 9_999.5 {
        format!("{} ms", format::whole(millis))
    } else {
        format!("{} s", format::decimal(millis / 1000.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_waits_are_in_seconds() {
        assert_eq!(
            [87.4, 9_999.0, 12_345.0].map(milliseconds),
            ["87 ms", "9999 ms", "12.3 s"]
        );
    }

    #[test]
    fn what_is_not_measured_is_a_dash() {
        let nothing = EngineMetrics::default();
        assert_eq!(
            (first_token(&nothing), cache(&nothing)),
            ("–".to_owned(), "–".to_owned())
        );
    }
}
