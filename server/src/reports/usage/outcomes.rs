//! Usage split by how requests ended. The sums hold these counts already: nothing is asked for by outcome.

use worv_api::{GroupTotals, UsageGroup, UsageSeries, UsageTotals};
use worv_store::usage::UsageBucket;

use super::values;
use crate::reports::UsageQuestion;

/// Takes a count out of sums.
type Count = fn(&UsageTotals) -> u64;

/// How requests can end, by the names of the API.
const OUTCOMES: [(&str, Count); 5] = [
    ("done", UsageTotals::done),
    ("client_left", |totals| totals.client_left),
    ("engine_failed", |totals| totals.engine_failed),
    ("refused_by_engine", |totals| totals.refused_by_engine),
    ("lost", |totals| totals.lost),
];

/// How many requests ended in each way that one has ended in.
pub(super) fn groups(totals: &UsageTotals) -> Vec<UsageGroup> {
    let counted = OUTCOMES.map(|(name, count)| UsageGroup {
        name: name.to_owned(),
        filter: None,
        totals: GroupTotals::Count {
            requests: count(totals),
        },
        gpu_use: None,
    });
    counted
        .into_iter()
        .filter(|group| group.totals.requests() > 0)
        .collect()
}

/// The same over time.
pub(super) fn series(question: &UsageQuestion, buckets: &[UsageBucket]) -> Vec<UsageSeries> {
    let counted = OUTCOMES.map(|(name, count)| UsageSeries {
        name: name.to_owned(),
        filter: None,
        values: values(question, buckets, count),
    });
    counted
        .into_iter()
        .filter(|series| series.values.iter().any(|value| *value > 0))
        .collect()
}
