//! One GPU at a glance.

use leptos::prelude::*;
use worv_api::Gpu;

use super::{
    super::parts,
    GpusView, address,
    history::{self, Course},
};
use crate::{format, gpu_condition::GpuCondition};

/// Figures that are older than this, in milliseconds, are said to be.
const OLD: i64 = 5_000;

/// The card; all of it leads to everything about the GPU.
pub(super) fn card(gpu: &Gpu, view: &GpusView) -> AnyView {
    let condition = condition(gpu, view);
    let age = age(gpu, view.now);
    let tone = condition.tone().name();
    let share = format::percent(gpu.memory_used, gpu.memory_total);
    let course = Course::take(gpu.index, view);
    view! {
        <li class="panel gpu-card" class:is-old=age.is_some() data-id=gpu.index>
            <header class="gpu-card__header">
                <h2>
                    <a href=address(gpu.index)>"GPU " {gpu.index}</a>
                </h2>
                <span class="muted gpu-card__name" title=gpu.uuid.clone()>
                    {gpu.name.clone()}
                </span>
                {parts::status(condition.tone(), condition.word())}
            </header>
            <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                <rect class="bar__track" width="100" height="1"/>
                <rect class="bar__level" data-tone=tone width=share.min(100) height="1"/>
            </svg>
            <p class="gpu-card__memory">
                <b>{format::gibibytes(gpu.memory_used)}</b>
                <span class="muted">{format!(" of {} GiB", format::gibibytes(gpu.memory_total))}</span>
                <span class="gpu-card__share">{format!("{share} %")}</span>
            </p>
            <dl class="gpu-card__figures">
                <div>
                    <dt>"Utilisation"</dt>
                    <dd>{figure(gpu.utilization_percent, "%")}</dd>
                </div>
                <div>
                    <dt>"Temperature"</dt>
                    <dd>{figure(gpu.temperature_celsius, "°C")}</dd>
                </div>
                <div>
                    <dt>"Power"</dt>
                    <dd>{power(gpu)}</dd>
                </div>
            </dl>
            <svg
                class="sparkline"
                viewBox=history::VIEW_BOX
                preserveAspectRatio="none"
                aria-hidden="true"
                inner_html=course.utilization.drawing()
            ></svg>
            <p class="gpu-card__legend muted">
                <span>"Utilisation, 15 min"</span>
                <span class="gpu-card__age">{age.map(|age| format!("{} old", format::duration(age)))}</span>
            </p>
            {remark(gpu).map(|words| {
                view! {
                    <p class="gpu-card__remark" data-tone=tone>
                        {words}
                    </p>
                }
            })}
        </li>
    }
    .into_any()
}

/// What to think of the GPU: its last readings are judged in their order, since a condition ends later than it begins.
pub(super) fn condition(gpu: &Gpu, view: &GpusView) -> GpuCondition {
    let mut then = gpu.summary();
    (then.fault, then.concern) = (None, None);
    let before = view
        .history
        .iter()
        .filter_map(|point| point.gpus.iter().find(|figures| figures.index == gpu.index));
    let before = before.fold(None, |before, figures| {
        then.temperature_celsius = figures.temperature_celsius;
        then.memory_used = figures.memory_used;
        Some(GpuCondition::judge(&then, before))
    });
    GpuCondition::judge(&gpu.summary(), before)
}

/// How old the figures are, where that is worth saying.
pub(super) fn age(gpu: &Gpu, now: i64) -> Option<i64> {
    let age = now - gpu.sampled_at;
    (age > OLD && gpu.sampled_at > 0).then_some(age)
}

/// What is wrong with it, or what somebody should look at.
pub(super) fn remark(gpu: &Gpu) -> Option<String> {
    gpu.fault.clone().or_else(|| gpu.concern())
}

/// A figure with its unit, or a dash where it is not known.
pub(super) fn figure(value: Option<u32>, unit: &str) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value} {unit}"))
}

/// What it draws of what it may draw.
fn power(gpu: &Gpu) -> String {
    format::power(gpu.power_watts, gpu.power_limit_watts).unwrap_or_else(|| "–".to_owned())
}
