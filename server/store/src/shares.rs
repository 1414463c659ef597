//! Which part of each key's limits each of several gateways may give.
//!
//! About once a second each gateway says what its callers ask for, and takes a part in proportion. Parts never add up to
//! more than the whole: one that shrinks does so at once, but keeps counting for as much as was used of it in the last
//! minute, and one grows only by what others no longer hold. Budgets, which do not come back within a minute, have
//! allowances beside ([`Allowance`]). Only gateways on a PostgreSQL server share.

use std::collections::{BTreeMap, HashMap};

use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use worv_core::key::KeyId;

use crate::{Store, StoreError, statement::placeholders, store::Kind};
pub use budgets::{Allowance, BudgetUse};

use budgets::Budget;
use meeting::{Met, equal_part, meet};

mod budgets;
mod meeting;

/// The time by the server's clock, in milliseconds, so that gateways' own clocks need not agree.
macro_rules! now {
    () => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    };
}
use now;

/// Names the exchange among PostgreSQL's advisory locks: "shar" in ASCII.
const LOCK: i64 = 0x7368_6172;

/// A gateway that was not heard of for so long, in milliseconds, is gone.
const GONE_AFTER: i64 = 5_000;

/// What a gateway used counts for so long after it is gone, in milliseconds: limits are of a minute.
const FORGOTTEN_AFTER: i64 = GONE_AFTER + 60_000;

/// Part of a limit that a gateway keeps for callers who may come, where the limit is large enough.
const IDLE_PART: f64 = 0.01;

/// Rows that one statement writes.
const ROWS: usize = 50;

const COLUMNS: usize = 5;

/// Tells one gateway from another; drawn at random when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayId(pub i64);

/// What the callers of one gateway asked of one key's limits in the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Requests that were admitted.
    pub admitted: u64,
    /// Tokens of those that were admitted.
    pub tokens: u64,
    /// Requests under way now.
    pub under_way: u64,
    /// What was spent today.
    pub day: BudgetUse,
    /// What was spent this month.
    pub month: BudgetUse,
}

/// What one gateway may give.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Of each key with limits.
    pub of_keys: HashMap<KeyId, KeyShare>,
    /// The part, from 0 to 1, of the limits of any other key, such as one that is created before the next exchange.
    pub of_others: f64,
}

/// What one gateway may give of one key's limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyShare {
    /// The part of each limit, from 0 to 1.
    pub part: f64,
    /// Of the daily budget, where there is one and others spend of it as well.
    pub day: Option<Allowance>,
    /// Of the monthly budget, where there is one and others spend of it as well.
    pub month: Option<Allowance>,
}

/// The limits that are shared.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    requests: Option<u64>,
    tokens: Option<u64>,
    concurrency: Option<u64>,
    budget_day: Option<u64>,
    budget_month: Option<u64>,
}

/// What others hold of one key's limits, and ask for.
#[derive(Clone, Copy, Debug, Default)]
struct Others {
    held: f64,
    weight: f64,
}

/// What one gateway takes of one key's limits.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Part {
    /// What it may give from now on.
    share: f64,
    /// What nobody else may have meanwhile: its share, or what was used in the last minute where that is more.
    held: f64,
    /// What of it was used in the last minute.
    used: f64,
    weight: f64,
}

impl Store {
    /// Says what callers have asked for, and returns which part of each key's limits this gateway may give. Alone, it is
    /// all of them.
    ///
    /// A key with limits that is not in `asked` was not asked for.
    pub async fn exchange_shares(
        &self,
        gateway: GatewayId,
        asked: &HashMap<KeyId, Asked>,
    ) -> Result<Shares, StoreError> {
        if self.kind() == Kind::Sqlite {
            return Ok(Shares {
                of_keys: HashMap::new(),
                of_others: 1.0,
            });
        }
        let mut transaction = self.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await?;
        let met = meet(&mut transaction, gateway).await?;
        let limits = limits(&mut transaction).await?;
        let others = others(&mut transaction, gateway, &met).await?;
        let (mut parts, mut budgets) = (BTreeMap::new(), Vec::new());
        for (key, limits) in limits {
            let asked = asked.get(&key).copied().unwrap_or_default();
            let others = others.get(&key).copied().unwrap_or_else(|| met.unsaid());
            let part = part(limits, asked, others, met.others.len() + 1);
            parts.insert(key, part);
            if limits.budget_day.or(limits.budget_month).is_some() {
                budgets.push(Budget {
                    key,
                    day: limits.budget_day,
                    month: limits.budget_month,
                    share: part.share,
                });
            }
        }
        let now = self.clock().now();
        let allowances = budgets::exchange(&mut transaction, (gateway, &met), (&budgets, asked), now).await?;
        write(&mut transaction, gateway, &parts).await?;
        transaction.commit().await?;
        let share = |(key, part): (KeyId, Part)| {
            let allowances = allowances.get(&key).copied().unwrap_or_default();
            let share = KeyShare {
                part: part.share,
                day: allowances.day,
                month: allowances.month,
            };
            (key, share)
        };
        Ok(Shares {
            of_keys: parts.into_iter().map(share).collect(),
            of_others: met.of_new,
        })
    }

    /// Gives back what a gateway holds and has not used, when it stops.
    pub async fn leave_shares(&self, gateway: GatewayId) -> Result<(), StoreError> {
        if self.kind() == Kind::Postgres {
            sqlx::query("UPDATE gateways SET seen_at = seen_at - $2 WHERE id = $1")
                .bind(gateway.0)
                .bind(GONE_AFTER)
                .execute(self.readers())
                .await?;
        }
        Ok(())
    }
}

/// The part that a gateway takes, where there are `gateways` in all.
fn part(limits: Limits, asked: Asked, others: Others, gateways: usize) -> Part {
    let equal = equal_part(gateways);
    let of_limits = |requests: u64| {
        [
            limits.requests.map(|limit| ratio(requests, limit)),
            limits.tokens.map(|limit| ratio(asked.tokens, limit)),
            limits.concurrency.map(|limit| ratio(asked.under_way, limit)),
        ]
        .into_iter()
        .flatten()
        .reduce(f64::max)
    };
    let used = of_limits(asked.admitted).unwrap_or(0.0).min(1.0);
    // A key with nothing but budgets is asked for in requests.
    let weight = of_limits(asked.requests).unwrap_or(ratio(asked.requests, 60));
    // Enough for one request, so that the first caller at an idle gateway is not sent away.
    let for_one = [limits.requests, limits.concurrency].into_iter().flatten().min();
    let idle = for_one
        .map_or(IDLE_PART, |limit| ratio(1, limit) + 1e-9)
        .max(IDLE_PART)
        .min(equal);
    let weights = weight + others.weight;
    let wanted = if weights > 0.0 {
        idle + (1.0 - idle / equal) * weight / weights
    } else {
        equal
    };
    let free = (1.0 - others.held).max(0.0);
    let share = wanted.min(free);
    Part {
        share,
        held: share.max(used.min(free)),
        used,
        weight,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than a float has")]
fn ratio(count: u64, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

async fn limits(transaction: &mut Transaction<'static, Any>) -> Result<Vec<(KeyId, Limits)>, StoreError> {
    const LIMITED: &str = "SELECT id, requests_per_minute, tokens_per_minute, concurrency, budget_day, budget_month FROM api_keys \
         WHERE revoked_at IS NULL AND COALESCE(requests_per_minute, tokens_per_minute, concurrency, budget_day, \
         budget_month) IS NOT NULL";
    let rows = sqlx::query(LIMITED).fetch_all(&mut **transaction).await?;
    let read = |row: &sqlx::any::AnyRow| {
        let limit =
            |column| -> sqlx::Result<Option<u64>> { Ok(row.try_get::<Option<i64>, _>(column)?.map(i64::unsigned_abs)) };
        let limits = Limits {
            requests: limit("requests_per_minute")?,
            tokens: limit("tokens_per_minute")?,
            concurrency: limit("concurrency")?,
            budget_day: limit("budget_day")?,
            budget_month: limit("budget_month")?,
        };
        Ok((KeyId(row.try_get("id")?), limits))
    };
    rows.iter().map(read).collect()
}

async fn others(
    transaction: &mut Transaction<'static, Any>,
    gateway: GatewayId,
    met: &Met,
) -> Result<HashMap<KeyId, Others>, StoreError> {
    const SHARES: &str = "SELECT gateway, key_id, held, used, weight FROM limit_shares WHERE gateway <> $1";
    let mut others = HashMap::new();
    for row in sqlx::query(SHARES)
        .bind(gateway.0)
        .fetch_all(&mut **transaction)
        .await?
    {
        let (other, held): (i64, f64) = (row.try_get("gateway")?, row.try_get("held")?);
        let of_key = others
            .entry(KeyId(row.try_get("key_id")?))
            .or_insert_with(|| met.unsaid());
        match met.others.get(&other) {
            Some(of_new) => {
                of_key.held += held - of_new;
                of_key.weight += row.try_get::<f64, _>("weight")?;
            }
            // Of one that is gone, only what it used still counts.
            None => of_key.held += row.try_get::<f64, _>("used")?,
        }
    }
    Ok(others)
}

async fn write(
    transaction: &mut Transaction<'static, Any>,
    gateway: GatewayId,
    parts: &BTreeMap<KeyId, Part>,
) -> Result<(), StoreError> {
    let parts: Vec<_> = parts.iter().collect();
    for chunk in parts.chunks(ROWS) {
        let statement = format!(
            "INSERT INTO limit_shares (gateway, key_id, held, used, weight) VALUES {} \
             ON CONFLICT (gateway, key_id) DO UPDATE SET held = excluded.held, used = excluded.used, \
             weight = excluded.weight",
            placeholders(Kind::Postgres, chunk.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (key, part) in chunk {
            query = query
                .bind(gateway.0)
                .bind(key.0)
                .bind(part.held)
                .bind(part.used)
                .bind(part.weight);
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        requests: Some(100),
        tokens: None,
        concurrency: None,
        budget_day: None,
        budget_month: None,
    };

    fn asked(requests: u64, admitted: u64) -> Asked {
        Asked {
            requests,
            admitted,
            ..Asked::default()
        }
    }

    #[test]
    fn alone_it_is_all() {
        let part = part(LIMITS, asked(500, 100), Others::default(), 1);
        assert!((part.share - 1.0).abs() < 1e-6, "{part:?}");
    }

    #[test]
    fn nobody_takes_what_others_hold() {
        let others = Others { held: 0.9, weight: 0.0 };
        let part = part(LIMITS, asked(500, 0), others, 2);
        assert!(part.share <= 0.1 + 1e-9 && part.held <= 0.1 + 1e-9, "{part:?}");
    }

    #[test]
    fn one_that_shrinks_holds_what_it_has_used() {
        let others = Others { held: 0.0, weight: 5.0 };
        let part = part(LIMITS, asked(500, 80), others, 2);
        assert!(
            (part.share - 0.5).abs() < 1e-6 && (part.held - 0.8).abs() < 1e-6,
            "{part:?}"
        );
    }

    #[test]
    fn the_first_caller_at_an_idle_gateway_is_let_in() {
        let others = Others { held: 0.0, weight: 5.0 };
        let few = Limits {
            concurrency: Some(4),
            ..Limits::default()
        };
        assert!(part(few, Asked::default(), others, 2).share * 4.0 >= 1.0);
        assert!(part(LIMITS, Asked::default(), others, 2).share * 100.0 >= 1.0);
    }
}
