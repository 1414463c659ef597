//! Request rows.

use std::time::Duration;

use worv_core::{
    Clock, Entropy, UnixMillis,
    id::RequestId,
    key::KeyId,
    usage::{ClientKind, Endpoint, Outcome, UsageRecord, UsageSink},
};
use worv_store::usage::{Durability, RequestFilter, RequestQuery, Writer};

use crate::support::{START, TestDatabase, create_key, on_each_database};

/// A record of the request that came in `second` seconds after the start.
pub(crate) fn record(key: KeyId, second: u64) -> UsageRecord {
    let started_at = START.plus(Duration::from_secs(second));
    let id = RequestId::new(&Clock::manual(started_at), &Entropy::System);
    UsageRecord {
        requested_model: "claude-opus".to_owned(),
        served_model: "DeepSeek-V4-Pro".to_owned(),
        stream: true,
        prompt_tokens: 100,
        cached_tokens: 60,
        completion_tokens: 20,
        reasoning_tokens: 5,
        outcome: Outcome::ClientLeft,
        status: 200,
        first_byte_ms: Some(40),
        duration_ms: 900,
        queue_ms: 30,
        overhead_us: 250,
        client: ClientKind::ClaudeCode,
        granted_tokens: Some(16_384),
        clamped: true,
        chat_user: Some("6f1ed002-ab5b-4e0c-9c4a-8c2a9d2f1b33".to_owned()),
        ..UsageRecord::begun(id, key, Endpoint::Messages, started_at)
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
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        tokio::join!(writer.record(full.clone()), writer.record(bare.clone()));
        assert_eq!(store.requests(&RequestQuery::latest(10)).await.unwrap(), [bare.clone(), full], "latest first");
        assert_eq!(store.requests(&RequestQuery::latest(1)).await.unwrap(), [bare]);
    }

    async fn requests_are_listed_by_page_and_by_key(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
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

        let of_one = RequestQuery {
            filter: RequestFilter { key: Some(KeyId(1)), ..RequestFilter::default() },
            ..RequestQuery::latest(2)
        };
        let (first_page, before) = list(of_one.clone()).await;
        assert_eq!(first_page, [5, 3]);
        assert_eq!(list(RequestQuery { before, ..of_one.clone() }).await.0, [1]);
        let of_nobody = RequestFilter { key: Some(KeyId(9)), ..RequestFilter::default() };
        assert!(list(RequestQuery { filter: of_nobody, ..of_one }).await.0.is_empty());
    }

    async fn every_filter_narrows_as_it_does_in_memory(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        let mut written = Vec::new();
        for (second, change) in [
            (|_: &mut UsageRecord| {}) as fn(&mut UsageRecord),
            |request| request.key = KeyId(2),
            |request| "GLM-5.1-FP8".clone_into(&mut request.served_model),
            |request| request.endpoint = Endpoint::ChatCompletions,
            |request| request.outcome = Outcome::Done,
            |request| request.client = ClientKind::Curl,
            |request| request.status = 503,
        ]
        .into_iter()
        .enumerate()
        {
            let mut request = record(KeyId(1), second as u64);
            change(&mut request);
            writer.record(request.clone()).await;
            written.insert(0, request);
        }
        let any = RequestFilter::default();
        for filter in [
            RequestFilter { key: Some(KeyId(2)), ..any.clone() },
            RequestFilter { model: Some("GLM-5.1-FP8".to_owned()), ..any.clone() },
            RequestFilter { endpoint: Some(Endpoint::ChatCompletions), ..any.clone() },
            RequestFilter { outcome: Some(Outcome::Done), ..any.clone() },
            RequestFilter { client: Some(ClientKind::Curl), ..any.clone() },
            RequestFilter { status: Some((500, 599)), ..any.clone() },
        ] {
            let query = RequestQuery { filter: filter.clone(), ..RequestQuery::latest(10) };
            let expected: Vec<_> = written.iter().filter(|request| filter.matches(request)).cloned().collect();
            assert_eq!((expected.len(), store.requests(&query).await.unwrap()), (1, expected), "{filter:?}");
            let both = RequestFilter { key: Some(KeyId(9)), ..filter };
            assert!(store.requests(&RequestQuery { filter: both, ..query }).await.unwrap().is_empty());
        }
        for name in ["%", "GLM", "' OR 1=1 --", "GLM-5.1-FP_"] {
            let filter = RequestFilter { model: Some(name.to_owned()), ..any.clone() };
            assert!(store.requests(&RequestQuery { filter, ..RequestQuery::latest(10) }).await.unwrap().is_empty());
        }
        let one = &written[3];
        assert_eq!(store.request(one.request_id).await.unwrap().as_ref(), Some(one));
        assert_eq!(store.request(RequestId::first_at(START)).await.unwrap(), None);
    }

    async fn a_filter_that_finds_little_looks_at_part_of_the_table(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        let wanted = UsageRecord { status: 503, ..record(KeyId(1), 0) };
        let mut written: Vec<_> = (1..=10_000).map(|second| writer.record(record(KeyId(1), second))).collect();
        written.push(writer.record(wanted.clone()));
        for durable in written {
            durable.await;
        }
        let filter = RequestFilter { status: Some((503, 503)), ..RequestFilter::default() };
        let query = RequestQuery { filter, ..RequestQuery::latest(10) };
        let first = store.request_page(&query).await.unwrap();
        assert_eq!(first.requests, []);
        let second = store.request_page(&RequestQuery { before: first.next, ..query }).await.unwrap();
        assert_eq!((second.requests, second.next), (vec![wanted], None));
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
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
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
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        for second in [3, 9, 5] {
            writer.record(record(used.id, second)).await;
        }
        let keys = store.keys().await.unwrap();
        let last_used = |id| keys.iter().find(|key| key.id == id).unwrap().last_used_at;
        assert_eq!(last_used(used.id), Some(UnixMillis(START.0 + 9_000)));
        assert_eq!(last_used(unused.id), None);
    }
}
