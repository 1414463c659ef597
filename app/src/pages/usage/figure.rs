//! The chart with its legend. The browser reads it with `components::plot`.

use leptos::prelude::*;
use worv_api::{Grouping, UsageReport, UsageSeries};

use super::{numbers::leads_on, words};
use crate::{
    chart::{BarChart, bars},
    format,
    query::Query,
};

/// Labels that fit beneath the chart where it is wide.
const LABELS: usize = 12;

/// Stacked bars over time.
pub(super) fn figure(query: &Query, report: &UsageReport) -> AnyView {
    let title = format!("{} by the {}", words::metric(report.metric), report.granularity.name());
    let last = report.buckets.len().saturating_sub(1);
    let csv = query.on("/api/usage.csv");
    let note = (!report.metric.adds_up() && report.by != Grouping::None)
        .then_some("Means do not add up: the bars show everything together.");
    let hatched = growing(report).map(|_| "Hatched: not over yet. ");
    let remark =
        (hatched.is_some() || note.is_some()).then(|| view! { <p class="usage-chart__note">{hatched} {note}</p> });
    let opens = if leads_on(report.granularity) {
        ", Enter opens a bar"
    } else {
        ""
    };
    let legend: Vec<_> = report
        .series
        .iter()
        .enumerate()
        .map(|(position, series)| entry(query, report, position, series))
        .collect();
    view! {
        <figure class="panel usage-chart">
            <figcaption class="chart__header">
                <h2 class="chart__title">{title.clone()}</h2>
                <p class="chart__reading">
                    <span class="plot__moment">"In all"</span>
                    <a href=csv download="">
                        {format!("CSV, {}", format::counted(report.buckets.len() as u64, "row"))}
                    </a>
                </p>
            </figcaption>
            <ul class="legend">{legend}</ul>
            <div
                class="plot"
                tabindex="0"
                role="slider"
                aria-label=format!("{title}; arrow keys step through it{opens}")
                aria-valuemin="0"
                aria-valuemax=last
                aria-valuenow=last
                aria-valuetext="In all"
            >
                <svg class="chart__drawing plot__drawing" aria-hidden="true">
                    <defs>
                        <pattern
                            id="hatch"
                            width="5"
                            height="5"
                            patternUnits="userSpaceOnUse"
                            patternTransform="rotate(45)"
                        >
                            <rect class="hatch" width="2" height="5"/>
                        </pattern>
                    </defs>
                    <g inner_html=bars(&chart(report))></g>
                </svg>
                <svg class="plot__cursor" aria-hidden="true">
                    <rect x="0" y="0" width="0" height="100%"/>
                </svg>
            </div>
            {remark}
        </figure>
    }
    .into_any()
}

/// A series in the legend: its name, which leads to it alone, and its sum.
fn entry(query: &Query, report: &UsageReport, position: usize, series: &UsageSeries) -> AnyView {
    let is_rest = series.filter.is_none() && report.series.len() > 1 && report.by != Grouping::Outcome;
    let class = format!("chart__key stack-{}", if is_rest { 10 } else { position + 1 });
    let shown = words::series(report.by, &series.name);
    let name = match &series.filter {
        Some(filter) => {
            let address = query.with(report.by.name(), filter).on("/usage");
            view! {
                <a class=class href=address data-noscroll="">
                    {shown}
                </a>
            }
            .into_any()
        }
        None => view! { <span class=class>{shown}</span> }.into_any(),
    };
    view! {
        <li>
            {name} <b>{super::numbers::sum(report, series)}</b>
        </li>
    }
    .into_any()
}

fn chart(report: &UsageReport) -> BarChart {
    let every = report.buckets.len().div_ceil(LABELS).max(1);
    let stack = |bucket: usize| {
        let values = report
            .series
            .iter()
            .map(|series| series.values.get(bucket).copied().unwrap_or(0));
        values.collect()
    };
    let labels = report.buckets.iter().enumerate().step_by(every);
    BarChart {
        stacks: (0..report.buckets.len()).map(stack).collect(),
        others: report.series.len() > 8,
        growing: growing(report),
        labels: labels
            .map(|(position, start)| (position, words::label(report.granularity, *start)))
            .collect(),
    }
}

/// The bar of the present, which is not the last one where the range ends later.
fn growing(report: &UsageReport) -> Option<usize> {
    let begun = report.buckets.partition_point(|start| *start <= report.as_of);
    begun.checked_sub(1).filter(|_| report.as_of < report.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_api::{GpuUse, Granularity, Metric, UsageTotals};

    #[test]
    fn the_bar_of_the_present_grows_wherever_it_stands() {
        let growing_at = |as_of| {
            growing(&UsageReport {
                from: 100,
                to: 400,
                as_of,
                granularity: Granularity::Hour,
                metric: Metric::Requests,
                by: Grouping::None,
                buckets: vec![100, 200, 300],
                incomplete: as_of < 400,
                series: Vec::new(),
                groups: Vec::new(),
                totals: UsageTotals::default(),
                before: UsageTotals::default(),
                gpu_use: GpuUse::default(),
                all_gpus: GpuUse::default(),
            })
        };
        assert_eq!([399, 299, 200].map(growing_at), [Some(2), Some(1), Some(1)]);
        assert_eq!([99, 400].map(growing_at), [None, None]);
    }
}
