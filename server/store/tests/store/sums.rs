//! Sums of usage, and what is left when the requests are gone.

use std::time::Duration;

use worv_core::{
    UnixMillis,
    key::KeyId,
    usage::{Endpoint, Outcome, UsageRecord, UsageSink},
};
use worv_store::{
    Store, StoreError,
    usage::{Durability, Group, GroupBy, RequestQuery, Span, UsageBucket, UsageQuery, Writer},
};

use crate::{
    support::{START, TestDatabase, on_each_database},
    usage::record,
};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// A week from the start by the day, all together.
fn week() -> UsageQuery {
    UsageQuery {
        from: START,
        to: START.plus(Duration::from_hours(24 * 7)),
        span: Span::Day,
        series: false,
        by: None,
        keys: Vec::new(),
        model: None,
        endpoint: None,
    }
}

async fn write(store: &Store, records: &[UsageRecord]) {
    let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
    let written: Vec<_> = records.iter().map(|record| writer.record(record.clone())).collect();
    for durable in written {
        durable.await;
    }
}

/// Six requests: two keys, two models, two endpoints, every outcome, over three days.
fn six() -> [UsageRecord; 6] {
    let of = |key, second, outcome| UsageRecord {
        outcome,
        ..record(KeyId(key), second)
    };
    [
        of(1, 0, Outcome::Done),
        UsageRecord {
            first_byte_ms: None,
            ..of(1, 60, Outcome::EngineFailed)
        },
        of(2, 2 * HOUR, Outcome::ClientLeft),
        UsageRecord {
            endpoint: Endpoint::ChatCompletions,
            ..of(2, DAY, Outcome::RefusedByEngine)
        },
        UsageRecord {
            served_model: "GLM-5.1-FP8".to_owned(),
            ..of(2, DAY, Outcome::Lost)
        },
        of(2, 2 * DAY, Outcome::Done),
    ]
}

fn requests(buckets: &[UsageBucket]) -> Vec<u64> {
    buckets.iter().map(|bucket| bucket.totals.requests).collect()
}

on_each_database! {
    async fn every_count_is_summed(database) {
        let store = database.open().await;
        write(&store, &six()).await;
        let all = &store.usage(&week()).await.unwrap()[..];
        let [UsageBucket { start, group: None, totals }] = all else { panic!("{all:?}") };
        assert_eq!(start.0, START.0 - START.0 % 86_400_000, "a full day in UTC");
        assert_eq!((totals.requests, totals.client_left, totals.engine_failed), (6, 1, 1));
        assert_eq!((totals.refused, totals.lost), (1, 1));
        assert_eq!((totals.prompt_tokens, totals.cached_tokens), (600, 360));
        assert_eq!((totals.completion_tokens, totals.reasoning_tokens), (120, 30));
        assert_eq!((totals.duration_ms, totals.first_bytes, totals.first_byte_ms), (5_400, 5, 200));
        assert_eq!((totals.queue_ms, totals.overhead_us, totals.clamped), (180, 1_500, 6));
    }

    async fn usage_is_split_by_time_key_model_and_endpoint(database) {
        let store = database.open().await;
        write(&store, &six()).await;
        let ask = async |query: UsageQuery| store.usage(&query).await.unwrap();

        let days = ask(UsageQuery { series: true, ..week() }).await;
        assert_eq!(requests(&days), [3, 2, 1]);
        assert_eq!(days[1].start.since(days[0].start), Duration::from_hours(24));

        let hours = UsageQuery { span: Span::Hour, series: true, to: START.plus(Duration::from_hours(2)), ..week() };
        assert_eq!(requests(&ask(hours).await), [2, 1], "the hour of the end counts in full");

        let keys = ask(UsageQuery { by: Some(GroupBy::Key), ..week() }).await;
        assert_eq!(requests(&keys), [2, 4]);
        assert_eq!(keys[1].group, Some(Group::Key(KeyId(2))));

        let models = ask(UsageQuery { by: Some(GroupBy::Model), ..week() }).await;
        assert_eq!(requests(&models), [5, 1]);
        assert_eq!(models[1].group, Some(Group::Model("GLM-5.1-FP8".to_owned())));

        let endpoints = ask(UsageQuery { by: Some(GroupBy::Endpoint), series: true, ..week() }).await;
        assert_eq!(requests(&endpoints), [3, 1, 1, 1]);
        assert_eq!(endpoints[1].group, Some(Group::Endpoint(Endpoint::ChatCompletions)));
    }

    async fn every_part_tells_the_same(database) {
        let store = database.open().await;
        write(&store, &six()).await;
        let total = async |query: UsageQuery| {
            let buckets = store.usage(&query).await.unwrap();
            buckets.iter().map(|bucket| bucket.totals.prompt_tokens).sum::<u64>()
        };
        for series in [false, true] {
            for span in [Span::Hour, Span::Day, Span::Month] {
                for by in [None, Some(GroupBy::Key), Some(GroupBy::Model), Some(GroupBy::Endpoint)] {
                    let query = UsageQuery { series, span, by, ..week() };
                    assert_eq!(total(query.clone()).await, 600, "{query:?}");
                    let of_one = UsageQuery { keys: vec![KeyId(2)], ..query };
                    assert_eq!(total(of_one.clone()).await, 400, "{of_one:?}");
                }
            }
        }
        let narrow = UsageQuery {
            keys: vec![KeyId(2)],
            model: Some("DeepSeek-V4-Pro".to_owned()),
            endpoint: Some(Endpoint::Messages),
            by: Some(GroupBy::Key),
            ..week()
        };
        assert_eq!(total(narrow).await, 200);
    }

    async fn filters_narrow_and_match_whole_names_only(database) {
        let store = database.open().await;
        write(&store, &six()).await;
        let count = async |query: UsageQuery| requests(&store.usage(&query).await.unwrap()).iter().sum::<u64>();
        assert_eq!(count(UsageQuery { keys: vec![KeyId(1)], ..week() }).await, 2);
        assert_eq!(count(UsageQuery { keys: vec![KeyId(9)], ..week() }).await, 0);
        assert_eq!(count(UsageQuery { endpoint: Some(Endpoint::Messages), ..week() }).await, 5);
        for (model, expected) in [("GLM-5.1-FP8", 1), ("%", 0), ("GLM", 0), ("' OR 1=1 --", 0)] {
            assert_eq!(count(UsageQuery { model: Some(model.to_owned()), ..week() }).await, expected, "{model}");
        }
    }

    async fn absurd_ranges_are_refused(database) {
        let store = database.open().await;
        for (from, to, rule) in [
            (0, 0, "range must end after it begins"),
            (1, 0, "range must end after it begins"),
            (0, i64::MAX, "range must have at most 4000 hours, days or months"),
            (i64::MIN, i64::MAX, "range must have at most 4000 hours, days or months"),
        ] {
            let query = UsageQuery { from: UnixMillis(from), to: UnixMillis(to), ..week() };
            let refused = store.usage(&query).await.unwrap_err();
            assert!(matches!(refused, StoreError::Invalid { field: "range", .. }));
            assert_eq!(refused.to_string(), rule);
        }
    }

    async fn a_request_that_is_written_twice_is_counted_once(database) {
        let store = database.open().await;
        let once = record(KeyId(1), 1);
        write(&store, &[once.clone(), once.clone()]).await;
        write(&store, &[once.clone(), record(KeyId(1), 2)]).await;
        assert_eq!(requests(&store.usage(&week()).await.unwrap()), [2]);
    }

    async fn sums_outlive_the_requests(database) {
        let store = database.open().await;
        let old: Vec<_> = (0..1_200).map(|second| record(KeyId(1), second)).collect();
        write(&store, &old).await;
        let kept = record(KeyId(1), 1_200);
        write(&store, std::slice::from_ref(&kept)).await;

        let has = async |from, to| store.has_requests_between(from, to).await.unwrap();
        assert!(has(START, kept.started_at).await && has(kept.started_at, kept.started_at.plus(Duration::from_millis(1))).await);
        assert_eq!(store.delete_requests_before(kept.started_at).await.unwrap(), 1_200);
        assert!(!has(START, kept.started_at).await && !has(kept.started_at, kept.started_at).await);
        assert_eq!(store.delete_requests_before(kept.started_at).await.unwrap(), 0);
        assert_eq!(store.requests(&RequestQuery::latest(10)).await.unwrap(), [kept]);
        assert_eq!(requests(&store.usage(&week()).await.unwrap()), [1_201]);
    }
}
