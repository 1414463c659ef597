//! Compares what clients saw with what is recorded.

use std::collections::HashMap;

use worv_core::{
    UnixMillis,
    usage::{Outcome, UsageRecord},
};
use worv_store::{
    Store,
    usage::{RequestQuery, Span, UsageQuery},
};

use crate::clients::Seen;

/// What came of it, for the report.
#[derive(Debug)]
pub(crate) struct Balance {
    pub(crate) requests: usize,
    pub(crate) completed: usize,
    pub(crate) recorded: usize,
    pub(crate) lost: usize,
}

/// Every row, by the id that clients know it by.
pub(crate) async fn rows(store: &Store) -> HashMap<String, UsageRecord> {
    let (mut rows, mut before) = (HashMap::new(), None);
    loop {
        let query = RequestQuery {
            before,
            ..RequestQuery::latest(10_000)
        };
        let page = store.requests(&query).await.unwrap();
        let Some(last) = page.last() else { return rows };
        before = Some(last.request_id);
        for row in page {
            let twice = rows.insert(row.request_id.to_string(), row);
            assert!(twice.is_none(), "{twice:?} is there twice");
        }
    }
}

/// Asserts that there is no difference.
pub(crate) async fn balance(store: &Store, seen: &[Seen]) -> Balance {
    let rows = rows(store).await;
    let mut known = 0;
    for request in seen {
        let Some(id) = &request.id else { continue };
        let row = rows
            .get(id)
            .unwrap_or_else(|| panic!("{request:?} is recorded nowhere"));
        known += 1;
        match request.completed {
            Some(tokens) => {
                assert_eq!(row.outcome, Outcome::Done, "{request:?} {row:?}");
                assert_eq!(row.completion_tokens, tokens, "{request:?} {row:?}");
            }
            None => assert!(
                matches!(row.outcome, Outcome::Lost | Outcome::Done | Outcome::ClientLeft),
                "{request:?} {row:?}"
            ),
        }
    }
    // Of a request that was cut before the head of its answer, the client does not know the id.
    let without_id = seen.iter().filter(|request| request.id.is_none()).count();
    assert!(
        rows.len() <= known + without_id,
        "{} rows of {known} requests that were answered and {without_id} that were not",
        rows.len()
    );
    assert_sums(store, &rows).await;
    Balance {
        requests: seen.len(),
        completed: seen.iter().filter(|request| request.completed.is_some()).count(),
        recorded: rows.len(),
        lost: rows.values().filter(|row| row.outcome == Outcome::Lost).count(),
    }
}

/// Asserts that the sums are those of the rows: nothing was summed twice, and nothing left out.
async fn assert_sums(store: &Store, rows: &HashMap<String, UsageRecord>) {
    let times = rows.values().map(|row| row.started_at.0);
    let (Some(from), Some(to)) = (times.clone().min(), times.max()) else {
        return;
    };
    let query = UsageQuery {
        from: UnixMillis(from),
        to: UnixMillis(to + 1),
        span: Span::Hour,
        series: false,
        by: None,
        keys: Vec::new(),
        model: None,
        endpoint: None,
    };
    let sums = &store.usage(&query).await.unwrap()[0].totals;
    let sum = |of: fn(&UsageRecord) -> u64| rows.values().map(of).sum::<u64>();
    assert_eq!(sums.requests, rows.len() as u64);
    assert_eq!(sums.completion_tokens, sum(|row| row.completion_tokens));
    assert_eq!(sums.prompt_tokens, sum(|row| row.prompt_tokens));
    assert_eq!(sums.lost, sum(|row| u64::from(row.outcome == Outcome::Lost)));
}
