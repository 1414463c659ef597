//! One GPU in the table.

use leptos::prelude::*;
use worv_api::GpuSummary;

use crate::{components::Status, format, gpu_condition::GpuCondition, live::LiveFeed};

/// The GPU of that index, as the feed has it.
#[component]
pub(super) fn Row(index: u32) -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let gpu = Memo::new(move |_| {
        feed.gpus
            .with(|report| {
                report
                    .iter()
                    .flat_map(|report| &report.gpus)
                    .find(|gpu| gpu.index == index)
                    .cloned()
            })
            .unwrap_or_default()
    });
    let condition =
        Memo::new(move |before: Option<&GpuCondition>| gpu.with(|gpu| GpuCondition::judge(gpu, before.copied())));
    let figure =
        move |text: fn(&GpuSummary) -> Option<String>| move || gpu.with(text).unwrap_or_else(|| "–".to_owned());
    let share = move || gpu.with(|gpu| format::percent(gpu.memory_used, gpu.memory_total));
    view! {
        <tr>
            <th scope="row" title=move || gpu.with(|gpu| gpu.uuid.clone())>
                <span class="gpus__index">{index}</span>
                <span class="gpus__name">{move || gpu.with(|gpu| gpu.name.clone())}</span>
                {move || gpu.with(|gpu| gpu.fault.clone()).map(|fault| view! { <p class="gpus__fault">{fault}</p> })}
            </th>
            <td class="gpus__memory">
                <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="bar__track" width="100" height="1"/>
                    <rect
                        class="bar__level"
                        data-tone=move || condition.get().tone().name()
                        width=move || share().min(100)
                        height="1"
                    />
                </svg>
            </td>
            <td class="is-number">
                <span>
                    <b>{figure(|gpu| memory(gpu).map(|(used, _)| used))}</b>
                    <span class="muted">{figure(|gpu| memory(gpu).map(|(_, total)| format!(" / {total} GiB")))}</span>
                    <span class="gpus__share">{move || format!("{} %", share())}</span>
                </span>
            </td>
            <td class="is-number">
                {figure(|gpu| gpu.utilization_percent.map(|percent| format!("{percent} %")))}
            </td>
            <td class="is-number">
                {figure(|gpu| gpu.temperature_celsius.map(|celsius| format!("{celsius} °C")))}
            </td>
            <td class="is-number">
                {figure(|gpu| format::power(gpu.power_watts, gpu.power_limit_watts))}
            </td>
            <td>
                <Status
                    tone=Signal::derive(move || condition.get().tone())
                    text=Signal::derive(move || condition.get().word())
                />
            </td>
        </tr>
    }
}

/// Memory used and in all, in GiB; none for a GPU that was never read.
fn memory(gpu: &GpuSummary) -> Option<(String, String)> {
    (gpu.memory_total > 0).then(|| (format::gibibytes(gpu.memory_used), format::gibibytes(gpu.memory_total)))
}
