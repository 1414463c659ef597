//! The report of what was used.

use std::collections::HashMap;

use worv_api::{
    GpuUse, GroupTotals, Grouping, KeyUsage, KeyUsageBucket, UsageGroup, UsageReport, UsageSeries, UsageTotals,
};
use worv_core::{UnixMillis, calendar, key::KeyId};
use worv_store::{
    Store, StoreError,
    usage::{self as stored, Group, GroupBy, UsageBucket, UsageQuery},
};

use super::{
    UsageQuestion,
    totals::{plus, shown, sum},
};

mod outcomes;

/// Groups that have a series of their own.
const MOST_SERIES: usize = 8;

/// Answers a question at `now`.
pub async fn report(store: &Store, question: &UsageQuestion, now: UnixMillis) -> Result<UsageReport, StoreError> {
    let whole = question.to_store();
    let shares = store.gpu_use(&whole).await?;
    let groups = groups(store, question, &whole, &shares.groups).await?;
    let totals = groups
        .iter()
        .filter_map(|(_, group)| group.totals.all())
        .fold(UsageTotals::default(), |sum, totals| plus(sum, *totals));
    let before = store.usage(&period_before(&whole, now)).await?;
    let series = series(store, question, &whole, &groups).await?;
    let (first, end) = question.buckets();
    let span = question.span();
    Ok(UsageReport {
        from: whole.from.0,
        to: whole.to.0,
        as_of: now.0,
        granularity: question.granularity,
        metric: question.metric,
        by: question.by,
        buckets: (first..end).map(|bucket| span.start(bucket).0).collect(),
        incomplete: now < span.start(end),
        series,
        groups: match question.by {
            Grouping::None => Vec::new(),
            Grouping::Outcome => outcomes::groups(&totals),
            _ => groups.into_iter().map(|(_, group)| group).collect(),
        },
        totals,
        before: sum(&before),
        gpu_use: rounded(together(&shares.groups)),
        all_gpus: rounded(shares.all),
    })
}

/// What one key has used.
pub async fn key_usage(store: &Store, question: &UsageQuestion, key: (KeyId, String)) -> Result<KeyUsage, StoreError> {
    let query = UsageQuery {
        span: question.span(),
        series: true,
        by: None,
        keys: vec![key.0],
        ..question.to_store()
    };
    let buckets = store.usage(&query).await?;
    Ok(KeyUsage {
        object: "usage".to_owned(),
        key: key.1,
        from: query.from.0,
        to: query.to.0,
        granularity: question.granularity,
        totals: sum(&buckets),
        buckets: buckets
            .iter()
            .map(|bucket| KeyUsageBucket {
                start: bucket.start.0,
                totals: shown(bucket.totals),
            })
            .collect(),
    })
}

/// Every group with its sums, the largest first.
async fn groups(
    store: &Store,
    question: &UsageQuestion,
    whole: &UsageQuery,
    shares: &[(Option<Group>, stored::GpuUse)],
) -> Result<Vec<(Option<Group>, UsageGroup)>, StoreError> {
    let buckets = store.usage(whole).await?;
    let keys = match question.by {
        Grouping::Key => store.keys().await?.into_iter().map(|key| (key.id, key.name)).collect(),
        _ => HashMap::new(),
    };
    let named = buckets.into_iter().map(|bucket| {
        let (name, filter) = names(bucket.group.as_ref(), &keys);
        let share = shares.iter().find(|(group, _)| *group == bucket.group);
        let group = UsageGroup {
            name,
            filter,
            totals: GroupTotals::All(shown(bucket.totals)),
            gpu_use: Some(share.map_or_else(GpuUse::default, |(_, share)| rounded(*share))),
        };
        (bucket.group, group)
    });
    let mut groups: Vec<_> = named.collect();
    groups.sort_by_cached_key(|(_, group)| {
        let value = group.totals.all().map(|totals| question.metric.of(totals));
        (std::cmp::Reverse((value, group.totals.requests())), group.name.clone())
    });
    Ok(groups)
}

/// The largest groups over time, and the others together.
async fn series(
    store: &Store,
    question: &UsageQuestion,
    whole: &UsageQuery,
    groups: &[(Option<Group>, UsageGroup)],
) -> Result<Vec<UsageSeries>, StoreError> {
    let by_time = UsageQuery {
        span: question.span(),
        series: true,
        ..whole.clone()
    };
    let all = UsageQuery {
        by: None,
        ..by_time.clone()
    };
    if whole.by.is_none() || !question.metric.adds_up() {
        let buckets = store.usage(&all).await?;
        return Ok(match question.by {
            Grouping::Outcome => outcomes::series(question, &buckets),
            _ => vec![UsageSeries {
                name: "All".to_owned(),
                filter: None,
                values: values(question, &buckets, |totals| question.metric.of(totals)),
            }],
        });
    }
    let metric = |totals: &UsageTotals| question.metric.of(totals);
    let (largest, others) = groups.split_at(groups.len().min(MOST_SERIES));
    let mut query = by_time;
    if query.by == Some(GroupBy::Key) && !others.is_empty() {
        // Of hundreds of keys only those that are shown are looked up.
        query.keys = largest.iter().filter_map(|(group, _)| key_of(group.as_ref())).collect();
    }
    let mut split = HashMap::<Option<Group>, Vec<UsageBucket>>::new();
    for bucket in store.usage(&query).await? {
        split.entry(bucket.group.clone()).or_default().push(bucket);
    }
    let mut series: Vec<_> = largest
        .iter()
        .map(|(group, shown)| UsageSeries {
            name: shown.name.clone(),
            filter: shown.filter.clone(),
            values: values(question, split.get(group).map_or(&[], Vec::as_slice), metric),
        })
        .collect();
    if !others.is_empty() {
        let mut rest = values(question, &store.usage(&all).await?, metric);
        for one in &series {
            for (rest, value) in rest.iter_mut().zip(&one.values) {
                *rest = rest.saturating_sub(*value);
            }
        }
        series.push(UsageSeries {
            name: format!("{} others", others.len()),
            filter: None,
            values: rest,
        });
    }
    Ok(series)
}

/// As much time just before the range. Where the range has not ended yet, what is still to come is left out of both.
fn period_before(whole: &UsageQuery, now: UnixMillis) -> UsageQuery {
    let this_hour = (now.0.div_euclid(calendar::HOUR) + 1) * calendar::HOUR;
    let over = if whole.from.0 < this_hour {
        whole.to.0.min(this_hour)
    } else {
        whole.to.0
    };
    UsageQuery {
        from: UnixMillis(2 * whole.from.0 - over),
        to: whole.from,
        by: None,
        ..whole.clone()
    }
}

fn together(shares: &[(Option<Group>, stored::GpuUse)]) -> stored::GpuUse {
    let sum = |of: fn(&stored::GpuUse) -> f64| shares.iter().map(|(_, share)| of(share)).sum();
    stored::GpuUse {
        gpu_seconds: sum(|share| share.gpu_seconds),
        joules: sum(|share| share.joules),
    }
}

/// In whole seconds and joules.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what GPUs take is never negative, and a cast saturates"
)]
fn rounded(taken: stored::GpuUse) -> GpuUse {
    GpuUse {
        gpu_seconds: taken.gpu_seconds.round() as u64,
        joules: taken.joules.round() as u64,
    }
}

/// A value of each bucket of the question; nothing is stored of buckets without requests.
fn values(question: &UsageQuestion, buckets: &[UsageBucket], value_of: impl Fn(&UsageTotals) -> u64) -> Vec<u64> {
    let (first, end) = question.buckets();
    let mut values = vec![0; usize::try_from(end - first).unwrap_or(0)];
    for bucket in buckets {
        let position = usize::try_from(question.span().bucket(bucket.start) - first);
        if let Some(value) = position.ok().and_then(|position| values.get_mut(position)) {
            *value = value_of(&shown(bucket.totals));
        }
    }
    values
}

/// A group's name for people, and as a filter has it.
fn names(group: Option<&Group>, keys: &HashMap<KeyId, String>) -> (String, Option<String>) {
    match group {
        None => ("All".to_owned(), None),
        Some(Group::Key(id)) => {
            let name = keys.get(id).cloned().unwrap_or_else(|| format!("key {}", id.0));
            (name, Some(id.0.to_string()))
        }
        Some(Group::Model(name)) if name.is_empty() => ("no model".to_owned(), None),
        Some(Group::Model(name)) => (name.clone(), Some(name.clone())),
        Some(Group::Endpoint(endpoint)) => (endpoint.path().to_owned(), Some(endpoint.path().to_owned())),
    }
}

fn key_of(group: Option<&Group>) -> Option<KeyId> {
    match group {
        Some(Group::Key(id)) => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_api::Metric;
    use worv_core::{
        Clock, Entropy,
        id::RequestId,
        usage::{Endpoint, Outcome, UsageRecord, UsageSink},
    };
    use worv_store::usage::{Durability, Writer};

    /// A store with one request a day of each of ten keys, the tenth with the most tokens, over the last ten days.
    async fn store(folder: &tempfile::TempDir, now: UnixMillis) -> Store {
        let url = format!("sqlite://{}/worv.db", folder.path().display());
        let store = Store::open(&url, Clock::manual(now)).await.unwrap();
        let writer = Writer::start(store.clone(), Durability::Relaxed).unwrap();
        for day in 0..10 {
            for key in 1..=10_i64 {
                let started_at = UnixMillis(now.0 - day * calendar::DAY);
                let id = RequestId::new(&Clock::manual(started_at), &Entropy::System);
                drop(writer.record(UsageRecord {
                    served_model: "DeepSeek-V4-Pro".to_owned(),
                    stream: true,
                    prompt_tokens: 100 * key.unsigned_abs(),
                    completion_tokens: 20,
                    outcome: if key == 1 { Outcome::EngineFailed } else { Outcome::Done },
                    status: 200,
                    first_byte_ms: Some(40 + u32::try_from(key).unwrap()),
                    duration_ms: 1_045,
                    ..UsageRecord::begun(id, KeyId(key), Endpoint::Messages, started_at)
                }));
            }
        }
        writer.close().await;
        store
    }

    async fn ask(query: &str) -> UsageReport {
        let now = calendar::parse("2026-11-26T14:15").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder, now).await;
        let question = UsageQuestion::read(query, now).unwrap();
        report(&store, &question, now).await.unwrap()
    }

    #[tokio::test]
    async fn eight_groups_have_a_series_and_the_others_share_one() {
        let report = ask("range=7d&metric=prompt_tokens").await;
        let names: Vec<_> = report.series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "key 10", "key 9", "key 8", "key 7", "key 6", "key 5", "key 4", "key 3", "2 others"
            ]
        );
        assert_eq!(report.series[0].values, [1_000; 7]);
        assert_eq!(report.series[8].values, [300; 7]);
        assert_eq!(
            (report.groups.len(), report.groups[9].filter.as_deref()),
            (10, Some("1"))
        );
        let drawn: u64 = report.series.iter().flat_map(|series| &series.values).sum();
        assert_eq!(
            (drawn, report.totals.prompt_tokens, report.totals.requests),
            (38_500, 38_500, 70)
        );
        assert!(report.incomplete);
    }

    #[tokio::test]
    async fn the_time_before_is_as_long_as_the_range_so_far() {
        // There is one request of each key at a quarter past two of each day, and it is a quarter past two.
        let report = ask("from=2026-11-24").await;
        assert_eq!((report.totals.requests, report.before.requests), (30, 30));
        let report = ask("from=2026-11-26T12:00").await;
        assert_eq!((report.totals.requests, report.before.requests), (10, 0));
    }

    #[tokio::test]
    async fn a_range_is_incomplete_until_its_last_bucket_is_over() {
        for (range, incomplete) in [
            ("from=2026-11-26&to=2026-11-26", true),
            ("from=2026-11-26T12:00&to=2026-11-26T14:15", true),
            ("from=2026-11-26T12:00&to=2026-11-26T14:00", false),
            ("from=2026-11-25&to=2026-11-25", false),
        ] {
            assert_eq!(ask(range).await.incomplete, incomplete, "{range}");
        }
    }

    #[tokio::test]
    async fn outcomes_are_counted_and_means_are_of_everything() {
        let report = ask("range=7d&by=outcome").await;
        let counts: Vec<_> = report
            .groups
            .iter()
            .map(|group| (group.name.as_str(), group.totals.requests()))
            .collect();
        assert_eq!(counts, [("done", 63), ("engine_failed", 7)]);
        let json = serde_json::to_value(report.groups[0].totals).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"requests": 63}),
            "what is not known is no zero"
        );
        assert_eq!(report.series[1].values, [1; 7]);

        let report = ask("range=7d&metric=first_token").await;
        assert_eq!((report.series.len(), report.series[0].values[0]), (1, 46));
        assert_eq!(Metric::FirstToken.of(report.groups[0].totals.all().unwrap()), 50);
        let report = ask("range=7d&by=none&metric=errors&key=1").await;
        assert_eq!(
            (report.groups.len(), report.series[0].values[6], report.totals.errors()),
            (0, 1, 7)
        );
    }
}
