//! `worv usage`: what was used, beside a running server or without one.

use clap::Args;
use form_urlencoded::Serializer;
use worv_api::{GroupTotals, Grouping, UsageGroup, UsageReport};
use worv_core::{Clock, UnixMillis, calendar};

use super::{output, store_failure};
use crate::{
    config::Config,
    failure::{Failure, Kind},
    reports::{self, UsageQuestion},
};

/// What to report: the last seven days by key, unless something else is said. All times are UTC.
#[derive(Debug, Args)]
pub struct Usage {
    /// 24h, 7d, 30d, 90d, 12m or 24m, up to now.
    #[arg(long)]
    range: Option<String>,
    /// A range of its own: from this day or moment on, such as 2026-04-26 or 2026-04-26T09:00.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to this moment, or to the end of this day; now, if nothing is said.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// How long a bucket of the series is: auto, hour, day or month.
    #[arg(long)]
    granularity: Option<String>,
    /// What the series count and the groups are ordered by: requests, errors, `prompt_tokens`, `cached_tokens`,
    /// `completion_tokens`, `reasoning_tokens`, `first_token` or `token_rate`.
    #[arg(long)]
    metric: Option<String>,
    /// What usage is split by: key, model, endpoint, outcome or none.
    #[arg(long)]
    by: Option<String>,
    /// This key only, by its number.
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// This model only.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// This endpoint only, such as /v1/messages.
    #[arg(long, value_name = "PATH")]
    endpoint: Option<String>,
    /// Print the whole report as JSON, with the series.
    #[arg(long)]
    json: bool,
}

/// Prints the report.
pub async fn run(command: Usage, config: &Config) -> Result<(), Failure> {
    let now = Clock::System.now();
    let question =
        UsageQuestion::read(&command.query(), now).map_err(|error| Failure::new(Kind::Usage, error.message))?;
    let store = super::open_store(config).await?;
    let report = reports::report(&store, &question, now).await.map_err(store_failure)?;
    store.close().await;
    if command.json {
        output::json(&report);
    } else {
        output::table(&rows(&report));
    }
    Ok(())
}

impl Usage {
    /// The question as the API would be asked it.
    fn query(&self) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in [
            ("range", &self.range),
            ("from", &self.from),
            ("to", &self.to),
            ("granularity", &self.granularity),
            ("metric", &self.metric),
            ("by", &self.by),
            ("key", &self.key),
            ("model", &self.model),
            ("endpoint", &self.endpoint),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

/// The groups, and everything beneath them.
fn rows(report: &UsageReport) -> Vec<Vec<String>> {
    let moment = |at| calendar::iso(UnixMillis(at));
    let everything = UsageGroup {
        name: format!("from {} to {}", moment(report.from), moment(report.to)),
        filter: None,
        totals: GroupTotals::All(report.totals),
        gpu_use: Some(report.gpu_use),
    };
    let name = match report.by {
        Grouping::None => "RANGE".to_owned(),
        by => by.name().to_uppercase(),
    };
    let numbers = [
        "REQUESTS",
        "ERRORS",
        "PROMPT",
        "CACHED",
        "COMPLETION",
        "REASONING",
        "GPU-SECONDS",
        "JOULES",
    ];
    let row = |group: &UsageGroup| {
        let sums = group.totals.all().map(|totals| {
            [
                totals.errors(),
                totals.prompt_tokens,
                totals.cached_tokens,
                totals.completion_tokens,
                totals.reasoning_tokens,
            ]
        });
        let taken = group.gpu_use.map(|taken| [taken.gpu_seconds, taken.joules]);
        [group.name.clone(), group.totals.requests().to_string()]
            .into_iter()
            .chain(known_or_dashes(sums))
            .chain(known_or_dashes(taken))
            .collect()
    };
    let head = std::iter::once(name).chain(numbers.map(str::to_owned)).collect();
    let groups = report.groups.iter().chain([&everything]).map(row);
    std::iter::once(head).chain(groups).collect()
}

/// Numbers as they are printed, where they are known.
fn known_or_dashes<const COUNT: usize>(numbers: Option<[u64; COUNT]>) -> [String; COUNT] {
    match numbers {
        Some(numbers) => numbers.map(|number| number.to_string()),
        None => std::array::from_fn(|_| "-".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_api::{GpuUse, Granularity, Metric, UsageTotals};

    #[test]
    fn what_is_not_known_of_an_outcome_is_a_dash() {
        let totals = UsageTotals {
            requests: 3,
            prompt_tokens: 40,
            ..UsageTotals::default()
        };
        let report = UsageReport {
            from: 0,
            to: calendar::DAY,
            as_of: 0,
            granularity: Granularity::Day,
            metric: Metric::Requests,
            by: Grouping::Outcome,
            buckets: vec![0],
            incomplete: true,
            series: Vec::new(),
            groups: vec![UsageGroup {
                name: "done".to_owned(),
                filter: None,
                totals: GroupTotals::Count { requests: 3 },
                gpu_use: None,
            }],
            totals,
            before: UsageTotals::default(),
            gpu_use: GpuUse::default(),
            all_gpus: GpuUse::default(),
        };
        let rows = rows(&report);
        assert_eq!(rows[1], ["done", "3", "-", "-", "-", "-", "-", "-", "-"]);
        assert_eq!(rows[2][1..], ["3", "0", "40", "0", "0", "0", "0", "0"]);
    }
}
