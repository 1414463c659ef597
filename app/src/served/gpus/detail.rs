//! Everything about one GPU.

use leptos::prelude::*;
use worv_api::Gpu;

use self::{
    charts::charts,
    lists::{processes, xids},
};
use super::{
    super::parts,
    GpusView,
    card::{age, condition, figure, remark},
    facts::{self, Fact},
};
use crate::format;

mod charts;
mod lists;

/// The GPU with its figures, its history and what its driver tells of it.
pub(super) fn detail(gpu: &Gpu, view: &GpusView) -> AnyView {
    let condition = condition(gpu, view);
    let share = format::percent(gpu.memory_used, gpu.memory_total);
    let old = age(gpu, view.now).map(|age| format!("These figures are {} old. ", format::duration(age)));
    let remarks = old.into_iter().chain(remark(gpu)).collect::<String>();
    let remarks = (!remarks.is_empty()).then(|| {
        view! {
            <div class="notice" data-id="remark" data-tone=condition.tone().name() role="status">
                <p>{remarks}</p>
            </div>
        }
    });
    view! {
        <p class="gpu-detail__name">
            {parts::status(condition.tone(), condition.word())}
            <b>{gpu.name.clone()}</b>
            <code class="muted">{gpu.uuid.clone()}</code>
        </p>
        {remarks}
        <section class="tiles" aria-label="Now">
            {tile(
                "Memory",
                format!("{} GiB", format::gibibytes(gpu.memory_used)),
                format!("{share} % of {} GiB", format::gibibytes(gpu.memory_total)),
            )}
            {tile("Utilisation", figure(gpu.utilization_percent, "%"), "of the time a kernel ran".to_owned())}
            {tile("Temperature", figure(gpu.temperature_celsius, "°C"), "of the chip; 85 °C is hot".to_owned())}
            {tile("Power", watts(gpu.power_watts), format!("of {}", watts(gpu.power_limit_watts)))}
        </section>
        {charts(gpu, view)}
        <div class="served__columns is-three">
            {panel("Clocks and energy", &facts::clocks(gpu))}
            {panel("Memory", &facts::memory(gpu))}
            {panel("Links", &facts::links(gpu))}
        </div>
        <div class="served__columns">
            {processes(gpu)}
            {xids(gpu)}
        </div>
    }
    .into_any()
}

fn tile(label: &'static str, value: String, detail: String) -> AnyView {
    view! {
        <dl class="tile panel">
            <dt class="tile__label">{label}</dt>
            <dd class="tile__value">{value}</dd>
            <dd class="tile__detail">{detail}</dd>
        </dl>
    }
    .into_any()
}

fn watts(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |watts| format!("{watts:.0} W"))
}

fn panel(title: &'static str, facts: &[Fact]) -> AnyView {
    let facts: Vec<_> = facts
        .iter()
        .map(|fact| {
            let text = match fact.tone {
                None => fact.text.clone().into_any(),
                Some(tone) => view! {
                    <span class="status gpu-detail__finding" data-tone=tone.name()>
                        {fact.text.clone()}
                    </span>
                }
                .into_any(),
            };
            view! {
                <dt>{fact.name}</dt>
                <dd>{text}</dd>
            }
        })
        .collect();
    view! {
        <section class="panel" aria-label=title>
            <header class="panel__header">
                <h2>{title}</h2>
            </header>
            <dl class="facts">{facts}</dl>
        </section>
    }
    .into_any()
}
