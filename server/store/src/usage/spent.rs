//! What keys have spent of their budgets, but not through this process.

use std::collections::HashMap;

use sqlx::{AnyConnection, Row};
use worv_core::{UnixMillis, key::KeyId, usage::UsageRecord};

use super::{
    requests,
    sums::{Part, Span},
};
use crate::{Store, StoreError, row};

/// Tokens, of prompts and answers, that one key has spent elsewhere: before this process began, or through others
/// beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// In the UTC day of [`SpentElsewhere::as_of`].
    pub day: u64,
    /// In its UTC month, the day included.
    pub month: u64,
}

/// What keys that have a budget have spent elsewhere. Keys that have spent nothing there are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpentElsewhere {
    /// When this was so.
    pub as_of: UnixMillis,
    /// By key.
    pub keys: HashMap<KeyId, Spent>,
    /// What this process has spent itself, as far as the database had it then.
    pub written_here: HashMap<KeyId, Spent>,
}

/// What of the database's sums came through this process. The task that writes them keeps it, so that the two are of the
/// same moment when it reads them.
#[derive(Debug)]
pub(super) struct Own {
    /// Requests that came in before are another process's.
    since: UnixMillis,
    spent: HashMap<KeyId, OwnSpent>,
}

/// One key's, in the latest day and month that it spent anything in.
#[derive(Clone, Copy, Debug, Default)]
struct OwnSpent {
    day: (i64, u64),
    month: (i64, u64),
}

impl Own {
    pub(super) fn since(since: UnixMillis) -> Self {
        Self {
            since,
            spent: HashMap::new(),
        }
    }

    /// Counts what has just been written.
    pub(super) fn add(&mut self, written: &[UsageRecord]) {
        for record in written.iter().filter(|record| record.started_at >= self.since) {
            let tokens = requests::tokens(record.prompt_tokens) + requests::tokens(record.completion_tokens);
            let own = self.spent.entry(record.key).or_default();
            for (sum, span) in [(&mut own.day, Span::Day), (&mut own.month, Span::Month)] {
                let bucket = span.bucket(record.started_at);
                // One that lies far back is of a clock that was wrong before.
                if bucket > sum.0 || bucket < sum.0 - 1 {
                    *sum = (bucket, 0);
                }
                if bucket == sum.0 {
                    sum.1 += tokens;
                }
            }
        }
    }

    /// What one key has spent in a day and a month.
    fn of(&self, key: KeyId, day: i64, month: i64) -> Spent {
        let own = self.spent.get(&key).copied().unwrap_or_default();
        let in_bucket = |(bucket, sum): (i64, u64), now| if bucket == now { sum } else { 0 };
        Spent {
            day: in_bucket(own.day, day),
            month: in_bucket(own.month, month),
        }
    }
}

/// What keys with a budget have spent elsewhere.
pub(super) async fn elsewhere(store: &Store, own: &Own) -> Result<SpentElsewhere, StoreError> {
    let as_of = store.clock().now();
    let (day, month) = (Span::Day.bucket(as_of), Span::Month.bucket(as_of));
    let mut connection = store.readers().acquire().await?;
    let mut keys = HashMap::<KeyId, Spent>::new();
    for (key, tokens) in tokens_by_key(&mut connection, Span::Day, day).await? {
        keys.entry(key).or_default().day = tokens;
    }
    for (key, tokens) in tokens_by_key(&mut connection, Span::Month, month).await? {
        keys.entry(key).or_default().month = tokens;
    }
    let mut written_here = HashMap::new();
    for (key, spent) in &mut keys {
        let own = own.of(*key, day, month);
        spent.day = spent.day.saturating_sub(own.day);
        spent.month = spent.month.saturating_sub(own.month);
        written_here.insert(*key, own);
    }
    keys.retain(|_, spent| *spent != Spent::default());
    Ok(SpentElsewhere {
        as_of,
        keys,
        written_here,
    })
}

/// Tokens that each key with a budget has used in a day or a month, by whichever process.
pub(crate) async fn tokens_by_key(
    connection: &mut AnyConnection,
    span: Span,
    bucket: i64,
) -> Result<HashMap<KeyId, u64>, StoreError> {
    const SUMS: &str = "SELECT key_id, prompt_tokens + completion_tokens AS tokens FROM usage_by_part \
         WHERE part = $1 AND span = $2 AND bucket = $3 AND key_id IN \
         (SELECT id FROM api_keys WHERE budget_day IS NOT NULL OR budget_month IS NOT NULL)";
    let rows = sqlx::query(SUMS)
        .bind(Part::Keys.code())
        .bind(span.code())
        .bind(bucket)
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| Ok((KeyId(row.try_get("key_id")?), row::count(row, "tokens")?)))
        .collect()
}
