//! A report as comma-separated values (RFC 4180): moments in ISO 8601, whole numbers as they are.

use worv_api::{Granularity, UsageReport};
use worv_core::{UnixMillis, calendar};

/// The columns of [`groups`] after the name.
const COLUMNS: [&str; 17] = [
    "requests",
    "client_left",
    "engine_failed",
    "refused_by_engine",
    "lost",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "duration_ms",
    "first_bytes",
    "first_byte_ms",
    "queue_ms",
    "overhead_us",
    "clamped",
    "gpu_seconds",
    "joules",
];

/// What the chart shows: a line for each bucket, a column for each series.
pub fn series(report: UsageReport) -> impl Iterator<Item = String> {
    let names = report.series.iter().map(|series| field(&series.name));
    let head = line(["start".to_owned(), "end".to_owned()].into_iter().chain(names));
    let ends = report.buckets.clone().into_iter().skip(1).chain([report.to]);
    let rows = report
        .buckets
        .into_iter()
        .zip(ends)
        .enumerate()
        .map(move |(position, (start, end))| {
            let moments = [start, end].map(|at| calendar::iso(UnixMillis(at)));
            let values = report
                .series
                .iter()
                .map(|series| series.values.get(position).copied().unwrap_or(0).to_string());
            line(moments.into_iter().chain(values))
        });
    std::iter::once(head).chain(rows)
}

/// The sums of every group: a line for each.
pub fn groups(report: UsageReport) -> impl Iterator<Item = String> {
    let by = report.by.name().to_owned();
    let head = line([by, "id".to_owned()].into_iter().chain(COLUMNS.map(str::to_owned)));
    let rows = report.groups.into_iter().map(|group| {
        let others = group.totals.all().map(|totals| {
            [
                totals.client_left,
                totals.engine_failed,
                totals.refused_by_engine,
                totals.lost,
                totals.prompt_tokens,
                totals.cached_tokens,
                totals.completion_tokens,
                totals.reasoning_tokens,
                totals.duration_ms,
                totals.first_bytes,
                totals.first_byte_ms,
                totals.queue_ms,
                totals.overhead_us,
                totals.clamped,
            ]
        });
        // What is not known is left empty: it is not zero.
        let others: [String; 14] = others.map_or_else(Default::default, |sums| sums.map(|sum| sum.to_string()));
        let taken = group.gpu_use.map_or_else(Default::default, |taken| {
            [taken.gpu_seconds, taken.joules].map(|value| value.to_string())
        });
        let names = [field(&group.name), field(&group.filter.unwrap_or_default())];
        let requests = group.totals.requests().to_string();
        line(names.into_iter().chain([requests]).chain(others).chain(taken))
    });
    std::iter::once(head).chain(rows)
}

/// What the file is called.
pub fn file_name(report: &UsageReport) -> String {
    let moment = |at: i64| {
        let text = calendar::iso(UnixMillis(at));
        let shown = if report.granularity == Granularity::Hour {
            13
        } else {
            10
        };
        text.get(..shown).unwrap_or_default().to_owned()
    };
    format!("usage-{}-to-{}.csv", moment(report.from), moment(report.to - 1))
}

fn line(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\r\n"
}

/// Text as a field. One that a spreadsheet would take for a formula is marked as text.
fn field(text: &str) -> String {
    let marked = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if marked.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", marked.replace('"', "\"\""))
    } else {
        marked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_api::{GpuUse, GroupTotals, Grouping, Metric, UsageGroup, UsageSeries, UsageTotals};

    fn report() -> UsageReport {
        let totals = UsageTotals {
            requests: 3,
            prompt_tokens: 1_234_567,
            ..UsageTotals::default()
        };
        UsageReport {
            from: 0,
            to: 2 * calendar::DAY,
            as_of: 0,
            granularity: Granularity::Day,
            metric: Metric::PromptTokens,
            by: Grouping::Key,
            buckets: vec![0, calendar::DAY],
            incomplete: false,
            series: vec![UsageSeries {
                name: "=1+1, \"x\"".to_owned(),
                filter: None,
                values: vec![1_234_567, 0],
            }],
            groups: vec![UsageGroup {
                name: "a".to_owned(),
                filter: Some("7".to_owned()),
                totals: GroupTotals::All(totals),
                gpu_use: Some(GpuUse {
                    gpu_seconds: 28_800,
                    joules: 5,
                }),
            }],
            totals,
            before: UsageTotals::default(),
            gpu_use: GpuUse::default(),
            all_gpus: GpuUse::default(),
        }
    }

    #[test]
    fn the_series_are_columns() {
        let lines: Vec<_> = series(report()).collect();
        assert_eq!(
            lines,
            [
                "start,end,\"'=1+1, \"\"x\"\"\"\r\n",
                "1970-01-01T00:00:00Z,1970-01-02T00:00:00Z,1234567\r\n",
                "1970-01-02T00:00:00Z,1970-01-03T00:00:00Z,0\r\n",
            ]
        );
        assert_eq!(file_name(&report()), "usage-1970-01-01-to-1970-01-02.csv");
    }

    #[test]
    fn the_groups_are_lines() {
        let lines: Vec<_> = groups(report()).collect();
        assert!(lines[0].starts_with("key,id,requests,client_left,"), "{}", lines[0]);
        assert_eq!(lines[1], "a,7,3,0,0,0,0,1234567,0,0,0,0,0,0,0,0,0,28800,5\r\n");
    }

    #[test]
    fn what_is_not_known_of_a_group_is_empty() {
        let mut report = report();
        report.groups = vec![UsageGroup {
            name: "done".to_owned(),
            filter: None,
            totals: GroupTotals::Count { requests: 3 },
            gpu_use: None,
        }];
        let lines: Vec<_> = groups(report).collect();
        assert_eq!(lines[1], format!("done,,3{}\r\n", ",".repeat(16)));
    }
}
