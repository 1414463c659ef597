//! The sums that are read first, each with what it was in the time before.

use leptos::prelude::*;
use worv_api::{Metric, UsageReport};

use super::words;
use crate::{
    components::{Tile, Tone},
    format,
};

/// Requests, errors, tokens, the time to the first of them, and what GPUs took for them.
pub(super) fn tiles(report: &UsageReport) -> AnyView {
    let (now, before) = (&report.totals, &report.before);
    let tile = |label: &'static str, metric: Metric, unit: &str, more: Option<String>, tone: Option<Tone>| {
        let value = format!("{}{unit}", format::thousands(metric.of(now)));
        let change = words::change(metric.of(now), metric.of(before));
        let detail = more.map_or_else(|| change.clone(), |more| format!("{more} · {change}"));
        view! { <Tile label value detail tone=tone/> }
    };
    let cached = format!("{} % cached", format::percent(now.cached_tokens, now.prompt_tokens));
    let errors = (now.errors() > 0).then_some(Tone::Bad);
    let gpu_detail = format!(
        "{} · {} % of all that GPUs took",
        format::energy(report.gpu_use.joules),
        format::percent(report.gpu_use.gpu_seconds, report.all_gpus.gpu_seconds)
    );
    let heading = format!("Sums, {}", words::comparison(report));
    view! {
        <section class="tiles usage__tiles" aria-label=heading>
            {tile("Requests", Metric::Requests, "", None, None)}
            {tile("Input tokens", Metric::PromptTokens, "", Some(cached), None)}
            {tile("Output tokens", Metric::CompletionTokens, "", None, None)}
            {tile("Mean time to first token", Metric::FirstToken, " ms", None, None)}
            {tile("Errors", Metric::Errors, "", None, errors)}
            <Tile label="GPU time" value=format::gpu_time(report.gpu_use.gpu_seconds) detail=gpu_detail/>
        </section>
    }
    .into_any()
}
