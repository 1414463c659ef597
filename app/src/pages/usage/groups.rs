//! What each key, model or endpoint used, with every sum there is.

use leptos::prelude::*;
use worv_api::{Grouping, Metric, UsageGroup, UsageReport, UsageTotals};

use crate::{format, query::Query};

/// The metrics that have a column, and their headings.
const COLUMNS: [(&str, Metric); 6] = [
    ("Requests", Metric::Requests),
    ("Input tokens", Metric::PromptTokens),
    ("Cached", Metric::CachedTokens),
    ("Output tokens", Metric::CompletionTokens),
    ("First token", Metric::FirstToken),
    ("Errors", Metric::Errors),
];

/// The other columns, and what they are like; nothing is ordered by them.
const MORE: [(&str, &str); 3] = [
    ("GPU time", "is-number usage__gpu-time"),
    ("Energy", "is-number is-secondary"),
    ("Share of requests", "is-number is-secondary"),
];

/// The table, ordered by the metric; a heading chooses another. None where there is one group, or counts alone.
pub(super) fn groups(query: &Query, report: &UsageReport) -> Option<AnyView> {
    if matches!(report.by, Grouping::None | Grouping::Outcome) {
        return None;
    }
    let headings: Vec<_> = COLUMNS
        .iter()
        .map(|(name, metric)| heading(query, report, name, *metric))
        .collect();
    let rows: Vec<_> = report.groups.iter().filter_map(|group| row(report, group)).collect();
    let csv = query.with("table", "groups").on("/api/usage.csv");
    let title = format!("By {}", report.by.name());
    Some(
        view! {
            <section class="panel table-panel usage__groups" tabindex="0" aria-labelledby="groups-heading">
                <header class="panel__header">
                    <h2 id="groups-heading">{title}</h2>
                    <p class="panel__facts">
                        <a href=csv download="">
                            {format!("CSV, {}", format::counted(report.groups.len() as u64, "row"))}
                        </a>
                    </p>
                </header>
                <table class="table" data-cards="">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            {headings}
                            {MORE.map(|(name, class)| view! { <th scope="col" class=class>{name}</th> })}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </section>
        }
        .into_any(),
    )
}

fn heading(query: &Query, report: &UsageReport, name: &'static str, metric: Metric) -> AnyView {
    let sorted = (metric == report.metric).then_some("descending");
    let address = query.with("metric", metric.name()).on("/usage");
    view! {
        <th scope="col" class="is-number" aria-sort=sorted>
            <a href=address data-noscroll="">
                {name}
            </a>
        </th>
    }
    .into_any()
}

/// A group's sums; none where its count alone is known.
fn row(report: &UsageReport, group: &UsageGroup) -> Option<AnyView> {
    let totals = group.totals.all()?;
    let cells: Vec<_> = COLUMNS
        .iter()
        .map(|(name, metric)| {
            view! {
                <td class="is-number" data-label=*name>
                    {cell(*metric, totals)}
                </td>
            }
        })
        .collect();
    let taken = group.gpu_use.unwrap_or_default();
    let share = format!("{} %", format::percent(totals.requests, report.totals.requests));
    let values = [format::gpu_time(taken.gpu_seconds), format::energy(taken.joules), share];
    let more: Vec<_> = MORE
        .into_iter()
        .zip(values)
        .map(|((name, class), value)| {
            view! {
                <td class=class data-label=name>
                    {value}
                </td>
            }
        })
        .collect();
    let name = group.name.clone();
    let name = match &group.filter {
        Some(filter) => {
            let address = Query::default().with(report.by.name(), filter).on("/requests");
            let title = format!("The requests of {name}");
            view! {
                <a href=address title=title>
                    {name}
                </a>
            }
            .into_any()
        }
        None => name.into_any(),
    };
    Some(
        view! {
            <tr>
                <th scope="row" class="is-long">
                    {name}
                </th>
                {cells}
                {more}
            </tr>
        }
        .into_any(),
    )
}

fn cell(metric: Metric, totals: &UsageTotals) -> String {
    let value = format::thousands(metric.of(totals));
    match metric {
        Metric::FirstToken if totals.first_bytes == 0 => "–".to_owned(),
        Metric::FirstToken => format!("{value} ms"),
        _ => value,
    }
}
