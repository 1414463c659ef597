//! What the GPUs took, and whose it was.

use std::time::Duration;

use worv_core::{
    UnixMillis,
    key::KeyId,
    usage::{Endpoint, UsageRecord, UsageSink},
};
use worv_store::usage::{Durability, GpuUse, Group, GroupBy, Span, UsageQuery, Writer};

use crate::{
    support::{START, TestDatabase, on_each_database},
    usage::record,
};

const HOUR: u64 = 3_600;

fn query(by: Option<GroupBy>, to: UnixMillis) -> UsageQuery {
    UsageQuery {
        from: START,
        to,
        span: Span::Hour,
        series: false,
        by,
        keys: Vec::new(),
        model: None,
        endpoint: None,
    }
}

fn taken(gpu_seconds: f64, joules: f64) -> GpuUse {
    GpuUse { gpu_seconds, joules }
}

on_each_database! {
    async fn what_gpus_took_is_shared_by_the_tokens_that_were_worked_on_in_each_hour(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        let of = |key, second, prompt_tokens, cached_tokens, completion_tokens| UsageRecord {
            prompt_tokens,
            cached_tokens,
            completion_tokens,
            ..record(KeyId(key), second)
        };
        // In the first hour 300 of 400: four tokens of a prompt weigh as much as one of an answer, cached ones nothing.
        let embedding = UsageRecord { endpoint: Endpoint::Embeddings, ..of(3, 2 * HOUR, 300, 0, 0) };
        for usage in [of(1, 0, 500, 100, 200), of(2, 1, 0, 0, 100), of(2, 2 * HOUR, 0, 0, 25), embedding, of(4, 2, 70, 70, 0)] {
            writer.record(usage).await;
        }
        for (hour, millis, millijoules) in [(0, 3_000, 800_000), (0, 1_000, 0), (1, 9_999, 9_999), (2, 500, 80)] {
            let at = START.plus(Duration::from_hours(hour));
            store.add_gpu_use(at, millis, millijoules).await.unwrap();
        }
        let end = START.plus(Duration::from_hours(3));
        let shares = store.gpu_use(&query(Some(GroupBy::Key), end)).await.unwrap();
        assert_eq!(shares.all, taken(14.499, 810.079));
        let key = |id, part| (Some(Group::Key(KeyId(id))), part);
        let expected = [key(1, taken(3.0, 600.0)), key(2, taken(1.125, 200.02)), key(3, taken(0.375, 0.06))];
        assert_eq!(shares.groups, expected);

        let first = store.gpu_use(&query(Some(GroupBy::Key), START.plus(Duration::from_secs(1)))).await.unwrap();
        assert_eq!(first.groups[1], key(2, taken(1.0, 200.0)));
        let of_one = UsageQuery { keys: vec![KeyId(2)], ..query(None, end) };
        assert_eq!(store.gpu_use(&of_one).await.unwrap().groups, [(None, taken(1.125, 200.02))]);
        let embeddings = UsageQuery { endpoint: Some(Endpoint::Embeddings), ..query(Some(GroupBy::Key), end) };
        assert_eq!(store.gpu_use(&embeddings).await.unwrap().groups, [key(3, taken(0.375, 0.06))]);
        let by_endpoint = store.gpu_use(&query(Some(GroupBy::Endpoint), end)).await.unwrap();
        assert_eq!(by_endpoint.groups.len(), 2);
        assert!(store.gpu_use(&query(None, START)).await.is_err());

        // Over half a year it is shared out by the day: of the tokens of all three hours.
        let long = store.gpu_use(&query(None, START.plus(Duration::from_hours(24 * 200)))).await.unwrap();
        assert_eq!(long.groups, [(None, long.all)]);
    }
}
