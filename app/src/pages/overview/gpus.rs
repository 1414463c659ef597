//! The memory of every GPU, and how it is doing.

use leptos::{either::Either, prelude::*};
use worv_api::{GpuOverview, GpuSource, GpuSummary};

use super::gpu_condition::GpuCondition;
use crate::{components::Status, format, live::LiveFeed};

/// The GPUs as a table, or why there are none.
#[component]
pub(crate) fn GpuPanel() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let indexes = Memo::new(move |_| {
        feed.gpus.with(|report| {
            report
                .iter()
                .flat_map(|report| &report.gpus)
                .map(|gpu| gpu.index)
                .collect::<Vec<_>>()
        })
    });
    let source = Memo::new(move |_| {
        feed.gpus
            .with(|report| report.as_ref().map(|report| report.source.clone()))
    });
    let content = move || {
        let source = source.get();
        if indexes.with(Vec::is_empty) {
            return Either::Left(view! { <p class="panel__note">{nothing_to_show(source.as_ref())}</p> });
        }
        let warning = match source {
            Some(GpuSource::Failing { reason }) => Some(view! { <Outdated reason/> }),
            _ => None,
        };
        let rows = indexes
            .get()
            .into_iter()
            .map(|index| view! { <Row index/> })
            .collect_view();
        Either::Right(view! {
            {warning}
            <Table rows/>
        })
    };
    view! {
        <section class="panel gpus" aria-labelledby="gpus-heading">
            <header class="panel__header">
                <h2 id="gpus-heading">"GPUs"</h2>
                <p class="panel__facts">{move || feed.gpus.with(|report| report.as_ref().map(totals))}</p>
            </header>
            {content}
        </section>
    }
}

/// Says that what is shown is not what there is now.
#[component]
fn Outdated(reason: String) -> impl IntoView {
    view! {
        <div class="notice" data-tone="warn" role="status">
            <p>
                <strong>"The GPUs cannot be read; these are the last readings. "</strong>
                {reason}
            </p>
        </div>
    }
}

#[component]
fn Table<Rows: IntoView>(rows: Rows) -> impl IntoView {
    view! {
        <table class="table">
            <thead>
                <tr>
                    <th scope="col">"GPU"</th>
                    <th scope="col" class="gpus__memory">
                        "Memory"
                    </th>
                    <th scope="col" class="is-number">
                        "Used"
                    </th>
                    <th scope="col" class="is-number">
                        "Utilisation"
                    </th>
                    <th scope="col" class="is-number">
                        "Temperature"
                    </th>
                    <th scope="col" class="is-number">
                        "Power"
                    </th>
                    <th scope="col">"Status"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(index: u32) -> impl IntoView {
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
                {figure(power)}
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

/// Why the list is empty, in words.
fn nothing_to_show(source: Option<&GpuSource>) -> String {
    match source {
        None | Some(GpuSource::Starting) => "The GPUs are being read for the first time.".to_owned(),
        Some(GpuSource::Nvml { .. } | GpuSource::DcgmExporter { .. }) => {
            "The driver answers and knows no GPU.".to_owned()
        }
        Some(GpuSource::Absent { reason }) => format!("There are no GPUs to show. {reason}"),
        Some(GpuSource::Failing { reason }) => format!("The GPUs cannot be read. {reason}"),
    }
}

/// Memory used and in all, in GiB; none for a GPU that was never read.
fn memory(gpu: &GpuSummary) -> Option<(String, String)> {
    (gpu.memory_total > 0).then(|| (format::gibibytes(gpu.memory_used), format::gibibytes(gpu.memory_total)))
}

fn power(gpu: &GpuSummary) -> Option<String> {
    let limit = gpu
        .power_limit_watts
        .map(|watts| format!(" / {watts:.0}"))
        .unwrap_or_default();
    gpu.power_watts.map(|watts| format!("{watts:.0}{limit} W"))
}

/// Memory, power and the highest temperature of all GPUs together; empty if there are none.
fn totals(report: &GpuOverview) -> String {
    let gpus = &report.gpus;
    if gpus.is_empty() {
        return String::new();
    }
    let used = gpus.iter().map(|gpu| gpu.memory_used).sum();
    let total = gpus.iter().map(|gpu| gpu.memory_total).sum();
    let mut facts = vec![format!(
        "{} of {} GiB used ({} %)",
        format::gibibytes(used),
        format::gibibytes(total),
        format::percent(used, total)
    )];
    if gpus.iter().any(|gpu| gpu.power_watts.is_some()) {
        let watts: f64 = gpus.iter().filter_map(|gpu| gpu.power_watts).sum();
        facts.push(format!("{:.1} kW", watts / 1000.0));
    }
    facts.extend(
        gpus.iter()
            .filter_map(|gpu| gpu.temperature_celsius)
            .max()
            .map(|celsius| format!("hottest {celsius} °C")),
    );
    facts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_leave_out_what_is_not_known() {
        let gpu = |watts, celsius| GpuSummary {
            memory_used: 1 << 30,
            memory_total: 4 << 30,
            power_watts: watts,
            temperature_celsius: celsius,
            ..GpuSummary::default()
        };
        let report = |gpus| GpuOverview {
            source: GpuSource::Starting,
            sampled_at: 0,
            gpus,
        };
        assert_eq!(
            totals(&report(vec![
                gpu(Some(600.0), Some(51)),
                gpu(Some(740.0), Some(63)),
                gpu(None, None)
            ])),
            "3.0 of 12.0 GiB used (25 %) · 1.3 kW · hottest 63 °C"
        );
        assert_eq!(totals(&report(vec![gpu(None, None)])), "1.0 of 4.0 GiB used (25 %)");
        assert_eq!(totals(&report(vec![])), "");
    }
}
