//! The numbers of the chart as a table: a row for each bar, a column for each series.

use leptos::prelude::*;
use worv_api::{Granularity, UsageReport, UsageSeries};

use super::words;
use crate::{format, query::Query};

/// The table. The chart's readings are taken from it.
pub(super) fn numbers(query: &Query, report: &UsageReport) -> AnyView {
    let names: Vec<_> = report
        .series
        .iter()
        .map(|series| view! { <th scope="col" class="is-number">{words::series(report.by, &series.name)}</th> })
        .collect();
    let rows: Vec<_> = (0..report.buckets.len())
        .map(|position| row(query, report, position))
        .collect();
    let sums: Vec<_> = report
        .series
        .iter()
        .map(|series| view! { <td class="is-number">{sum(report, series)}</td> })
        .collect();
    view! {
        <details class="panel minutes">
            <summary>"The chart as a table"</summary>
            <table class="table" id="numbers">
                <thead>
                    <tr>
                        <th scope="col">"From (UTC)"</th>
                        {names}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row">"In all"</th>
                        {sums}
                    </tr>
                </tfoot>
            </table>
        </details>
    }
    .into_any()
}

/// Whether bars of that length lead to what is within them.
pub(super) fn leads_on(granularity: Granularity) -> bool {
    granularity != Granularity::Hour
}

/// The value of a series over the whole range.
pub(super) fn sum(report: &UsageReport, series: &UsageSeries) -> String {
    let sum = if report.metric.adds_up() {
        series.values.iter().sum()
    } else {
        report.metric.of(&report.totals)
    };
    format::thousands(sum)
}

fn row(query: &Query, report: &UsageReport, position: usize) -> AnyView {
    let start = report.buckets.get(position).copied().unwrap_or_default();
    let end = report.buckets.get(position + 1).copied().unwrap_or(report.to);
    let name = words::bucket(report.granularity, start);
    let values: Vec<_> = report
        .series
        .iter()
        .map(|series| {
            let value = series.values.get(position).copied().unwrap_or(0);
            view! { <td class="is-number">{format::thousands(value)}</td> }
        })
        .collect();
    let heading = if leads_on(report.granularity) {
        let narrower = query.without("range").without("granularity");
        let moment = |at: i64| format::iso(at)[..16].to_owned();
        let address = narrower
            .with("from", moment(start))
            .with("to", moment(end))
            .on("/usage");
        view! {
            <a href=address data-noscroll="">
                {name}
            </a>
        }
        .into_any()
    } else {
        name.into_any()
    };
    view! {
        <tr>
            <th scope="row">{heading}</th>
            {values}
        </tr>
    }
    .into_any()
}
