//! What the GPUs took, and whose it was.

use std::time::Duration;

use worv_core::{
    key::KeyId,
    usage::{UsageRecord, UsageSink},
};
use worv_store::{
    GpuUse, KeyGpuUse,
    usage::{Durability, Writer},
};

use crate::{
    support::{START, TestDatabase, on_each_database},
    usage::record,
};

const HOUR: u64 = 3_600;

on_each_database! {
    async fn what_gpus_took_is_the_keys_by_their_share_of_generated_tokens_in_each_hour(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        let of = |key, second, completion_tokens| UsageRecord { completion_tokens, ..record(KeyId(key), second) };
        for usage in [of(1, 0, 300), of(2, 1, 100), of(2, 2 * HOUR, 50), of(3, 2, 0)] {
            writer.record(usage).await;
        }
        for (hour, millis, millijoules) in [(0, 3_000, 800_000), (0, 1_000, 0), (1, 9_999, 9_999), (2, 500, 70)] {
            let at = START.plus(Duration::from_hours(hour));
            store.add_gpu_use(at, millis, millijoules).await.unwrap();
        }
        let by_key = store.gpu_use_by_key(START, START.plus(Duration::from_hours(3))).await.unwrap();
        let expected = [(1, 3.0, 600.0), (2, 1.5, 200.07)].map(|(key, gpu_seconds, joules)| KeyGpuUse {
            key: KeyId(key),
            gpu_use: GpuUse { gpu_seconds, joules },
        });
        assert_eq!(by_key, expected);
        let first = store.gpu_use_by_key(START, START.plus(Duration::from_secs(1))).await.unwrap();
        assert_eq!(first[1].gpu_use, GpuUse { gpu_seconds: 1.0, joules: 200.0 });
        assert!(store.gpu_use_by_key(START, START).await.is_err());
    }
}
