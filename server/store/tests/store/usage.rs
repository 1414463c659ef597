//! Request rows.

use std::time::Duration;

use worv_core::{
    Clock, Entropy, UnixMillis,
    id::RequestId,
    key::KeyId,
    usage::{ClientKind, Endpoint, Outcome, UsageRecord, UsageSink},
};
use worv_store::usage::{Durability, RequestQuery, Writer};

use crate::support::{START, TestDatabase, create_key, on_each_database};

/// A record of the request that came in `second` seconds after the start.
pub(crate) fn record(key: KeyId, second: u64) -> UsageRecord {
    let started_at = START.plus(Duration::from_secs(second));
    UsageRecord {
        request_id: RequestId::new(&Clock::manual(started_at), &Entropy::System),
        key,
        endpoint: Endpoint::Messages,
        requested_model: "claude-opus".to_owned(),
        served_model: "DeepSeek-V4-Pro".to_owned(),
        stream: true,
        prompt_tokens: 100,
        cached_tokens: 60,
        completion_tokens: 20,
        reasoning_tokens: 5,
        outcome: Outcome::ClientLeft,
        status: 200,
        started_at,
        first_byte_ms: Some(40),
        duration_ms: 900,
        queue_ms: 30,
        overhead_us: 250,
        client: ClientKind::ClaudeCode,
        granted_tokens: Some(16_384),
        clamped: true,
        chat_user: Some("6f1ed002-ab5b-4e0c-9c4a-8c2a9d2f1b33".to_owned()),
    }
}

on_each_database! {
    async fn a_record_comes_back_as_it_was_written(database) {
        let store = database.open().await;
        let key = create_key(&store, "k").await;
        let full = record(key.id, 1);
        let bare = UsageRecord {
            requested_model: full.served_model.clone(),
            endpoint: Endpoint::ChatCompletions,
            stream: false,
            outcome: Outcome::EngineFailed,
            status: 503,
            first_byte_ms: None,
            client: ClientKind::Other,
            granted_tokens: None,
            clamped: false,
            chat_user: None,
            ..record(key.id, 2)
        };
        let writer = Writer::start(store.clone(), Durability::Strict);
        tokio::join!(writer.record(full.clone()), writer.record(bare.clone()));
        assert_eq!(store.requests(&RequestQuery::latest(10)).await.unwrap(), [bare.clone(), full], "latest first");
        assert_eq!(store.requests(&RequestQuery::latest(1)).await.unwrap(), [bare]);
    }

    async fn requests_are_listed_by_page_and_by_key(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict);
        for second in 0..6 {
            writer.record(record(KeyId(second % 2), second.unsigned_abs())).await;
        }
        let list = async |query: RequestQuery| {
            let found = store.requests(&query).await.unwrap();
            let seconds: Vec<_> = found.iter().map(|row| row.started_at.since(START).as_secs()).collect();
            (seconds, found.last().map(|row| row.request_id))
        };
        let (first_page, before) = list(RequestQuery::latest(4)).await;
        assert_eq!(first_page, [5, 4, 3, 2]);
        assert_eq!(list(RequestQuery { before, ..RequestQuery::latest(4) }).await.0, [1, 0]);

        let of_one = RequestQuery { key: Some(KeyId(1)), ..RequestQuery::latest(2) };
        let (first_page, before) = list(of_one).await;
        assert_eq!(first_page, [5, 3]);
        assert_eq!(list(RequestQuery { before, ..of_one }).await.0, [1]);
        assert!(list(RequestQuery { key: Some(KeyId(9)), ..of_one }).await.0.is_empty());
    }

    async fn absurd_values_are_kept_as_far_as_a_database_can(database) {
        let store = database.open().await;
        let key = create_key(&store, "k").await;
        let absurd = UsageRecord {
            requested_model: format!("'; DROP TABLE requests; --\0{}", "x".repeat(10_000)),
            served_model: String::new(),
            prompt_tokens: u64::MAX,
            duration_ms: u32::MAX,
            first_byte_ms: Some(u32::MAX),
            status: u16::MAX,
            chat_user: Some(format!("a\0{}", "b".repeat(10_000))),
            ..record(key.id, 1)
        };
        let writer = Writer::start(store.clone(), Durability::Strict);
        writer.record(absurd).await;
        let kept = &store.requests(&RequestQuery::latest(10)).await.unwrap()[0];
        assert_eq!((kept.prompt_tokens, kept.duration_ms, kept.status), (1 << 40, u32::MAX, u16::MAX));
        assert_eq!(kept.first_byte_ms, Some(u32::MAX));
        assert!(kept.requested_model.starts_with("'; DROP TABLE requests; --x"));
        assert_eq!(kept.chat_user.as_ref().map(String::len), Some(64));
        assert_eq!((kept.requested_model.len(), kept.served_model.as_str()), (200, ""));
    }

    async fn a_key_s_last_use_is_the_latest_start_of_its_requests(database) {
        let store = database.open().await;
        let (used, unused) = (create_key(&store, "used").await, create_key(&store, "unused").await);
        let writer = Writer::start(store.clone(), Durability::Strict);
        for second in [3, 9, 5] {
            writer.record(record(used.id, second)).await;
        }
        let keys = store.keys().await.unwrap();
        let last_used = |id| keys.iter().find(|key| key.id == id).unwrap().last_used_at;
        assert_eq!(last_used(used.id), Some(UnixMillis(START.0 + 9_000)));
        assert_eq!(last_used(unused.id), None);
    }
}
