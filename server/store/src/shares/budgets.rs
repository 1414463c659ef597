//! Which part of each key's budgets each of several gateways may spend.
//!
//! Each has an allowance for the period: so many tokens it may spend, all told. The allowances of those that are there
//! never add up to more than the budget without what those that are gone have spent, by the database's own sums. What an
//! allowance has in excess of its gateway's part goes back one exchange after the gateway has stopped giving it.

use std::collections::{BTreeMap, HashMap};

use sqlx::{Any, AssertSqlSafe, Row, Transaction};
use worv_core::{UnixMillis, key::KeyId, share::part};

use super::{Asked, GatewayId, Met, ROWS};
use crate::{
    StoreError, row,
    statement::placeholders,
    store::Kind,
    usage::{Span, tokens_by_key},
};

const COLUMNS: usize = 7;

/// What one gateway has spent of one key's budget in one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetUse {
    /// When the period begins.
    pub start: UnixMillis,
    /// Tokens that are spent, or reserved by requests under way.
    pub spent: u64,
    /// Those of them that the database has, at least.
    pub written: u64,
    /// The allowance in force. Without one, the part of the limits holds.
    pub allowance: Option<u64>,
}

/// Tokens that one gateway may spend of one key's budget in one period, all told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// When the period begins.
    pub start: UnixMillis,
    /// Those that are spent already included.
    pub tokens: u64,
}

/// One key's budgets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) key: KeyId,
    pub(super) day: Option<u64>,
    pub(super) month: Option<u64>,
    /// The part of the key's limits that this gateway may give from now on.
    pub(super) share: f64,
}

/// The allowances of one key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowances {
    pub(super) day: Option<Allowance>,
    pub(super) month: Option<Allowance>,
}

/// What the others hold of one budget.
#[derive(Clone, Copy, Debug, Default)]
struct Others {
    allowed: u64,
    spent: u64,
    written: u64,
}

/// What this gateway has of one budget.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    spent: u64,
    written: u64,
    share: f64,
}

/// What a gateway last said of one budget.
#[derive(Clone, Copy, Debug)]
struct Said {
    bucket: i64,
    spent: u64,
    written: u64,
    allowance: u64,
}

/// A key's budget of one span.
type Place = (KeyId, i16);

/// What gateways have said.
#[derive(Debug, Default)]
struct Meeting {
    /// The parts that each holds of the limits of keys that it has not spoken of, this gateway aside.
    others: HashMap<i64, f64>,
    /// That of this gateway, up to now.
    own: f64,
    said: HashMap<(i64, Place), Said>,
    /// The parts of limits that each held up to now.
    held: HashMap<(i64, KeyId), f64>,
}

/// The allowances of this gateway, which are written down for the others to see.
pub(super) async fn exchange(
    transaction: &mut Transaction<'static, Any>,
    (gateway, met): (GatewayId, &Met),
    (budgets, asked): (&[Budget], &HashMap<KeyId, Asked>),
    at: UnixMillis,
) -> Result<HashMap<KeyId, Allowances>, StoreError> {
    if budgets.is_empty() {
        return Ok(HashMap::new());
    }
    let meeting = Meeting::of(transaction, gateway, met).await?;
    let mut allowances = HashMap::<KeyId, Allowances>::new();
    let mut all_said = BTreeMap::<Place, Said>::new();
    for span in [Span::Day, Span::Month] {
        let bucket = span.bucket(at);
        // Read after what the others have written: so what those that are gone have spent is never taken for too little.
        let totals = tokens_by_key(transaction, span, bucket).await?;
        for budget in budgets {
            let Some(limit) = budget.of(span) else { continue };
            let used = asked
                .get(&budget.key)
                .map(|asked| asked.of(span))
                .filter(|used| span.bucket(used.start) == bucket)
                .unwrap_or_default();
            let own = Own {
                spent: used.spent,
                written: used.written,
                share: budget.share,
            };
            let place = (budget.key, span.code());
            let total = totals.get(&budget.key).copied().unwrap_or_default();
            let tokens = allowance(limit, total, own, meeting.others_of(place, bucket, limit));
            let up_to_now = used
                .allowance
                .unwrap_or_else(|| meeting.unsaid(gateway.0, budget.key, limit));
            let said = Said {
                bucket,
                spent: own.spent,
                written: own.written,
                allowance: tokens.max(up_to_now),
            };
            all_said.insert(place, said);
            // One that is alone knows better than the database what is left.
            if !meeting.others.is_empty() {
                let start = span.start(bucket);
                *allowances.entry(budget.key).or_default().of_mut(span) = Some(Allowance { start, tokens });
            }
        }
    }
    write(transaction, gateway, &all_said).await?;
    Ok(allowances)
}

/// What a gateway may spend in the period, all told.
fn allowance(limit: u64, total: u64, own: Own, others: Others) -> u64 {
    let gone = total.saturating_sub(own.written + others.written);
    let unspent = limit.saturating_sub(gone + own.spent + others.spent);
    let free = limit.saturating_sub(gone + own.spent + others.allowed);
    own.spent + part(unspent, own.share).min(free)
}

impl Budget {
    fn of(&self, span: Span) -> Option<u64> {
        match span {
            Span::Month => self.month,
            Span::Hour | Span::Day => self.day,
        }
    }
}

impl Asked {
    fn of(&self, span: Span) -> BudgetUse {
        match span {
            Span::Month => self.month,
            Span::Hour | Span::Day => self.day,
        }
    }
}

impl Allowances {
    fn of_mut(&mut self, span: Span) -> &mut Option<Allowance> {
        match span {
            Span::Month => &mut self.month,
            Span::Hour | Span::Day => &mut self.day,
        }
    }
}

impl Meeting {
    async fn of(
        transaction: &mut Transaction<'static, Any>,
        gateway: GatewayId,
        met: &Met,
    ) -> Result<Self, StoreError> {
        const SAID: &str =
            "SELECT gateway, key_id, span, bucket, spent, written, allowance FROM budget_shares WHERE gateway <> $1";
        const HELD: &str = "SELECT gateway, key_id, held FROM limit_shares";
        let mut meeting = Self {
            others: met.others.clone(),
            own: met.own_before,
            ..Self::default()
        };
        for row in sqlx::query(SAID).bind(gateway.0).fetch_all(&mut **transaction).await? {
            let place = (KeyId(row.try_get("key_id")?), row.try_get("span")?);
            let said = Said {
                bucket: row.try_get("bucket")?,
                spent: row::count(&row, "spent")?,
                written: row::count(&row, "written")?,
                allowance: row::count(&row, "allowance")?,
            };
            meeting.said.insert((row.try_get("gateway")?, place), said);
        }
        for row in sqlx::query(HELD).fetch_all(&mut **transaction).await? {
            let (gateway, key) = (row.try_get("gateway")?, KeyId(row.try_get("key_id")?));
            meeting.held.insert((gateway, key), row.try_get("held")?);
        }
        Ok(meeting)
    }

    /// What others hold of a budget.
    fn others_of(&self, place: Place, bucket: i64, limit: u64) -> Others {
        let each = self.others.keys().map(|gateway| {
            let said = self.said.get(&(*gateway, place)).filter(|said| said.bucket == bucket);
            said.map_or_else(
                || Others {
                    allowed: self.unsaid(*gateway, place.0, limit),
                    ..Others::default()
                },
                |said| Others {
                    allowed: said.allowance,
                    spent: said.spent,
                    written: said.written,
                },
            )
        });
        each.fold(Others::default(), |sum, one| Others {
            allowed: sum.allowed + one.allowed,
            spent: sum.spent + one.spent,
            written: sum.written + one.written,
        })
    }

    /// What a gateway may spend before it has first spoken of a budget: its part of the limits.
    fn unsaid(&self, gateway: i64, key: KeyId, limit: u64) -> u64 {
        let of_new = || self.others.get(&gateway).copied().unwrap_or(self.own);
        part(limit, self.held.get(&(gateway, key)).copied().unwrap_or_else(of_new))
    }
}

async fn write(
    transaction: &mut Transaction<'static, Any>,
    gateway: GatewayId,
    said: &BTreeMap<Place, Said>,
) -> Result<(), StoreError> {
    let said: Vec<_> = said.iter().collect();
    for chunk in said.chunks(ROWS) {
        let statement = format!(
            "INSERT INTO budget_shares (gateway, key_id, span, bucket, spent, written, allowance) VALUES {} \
             ON CONFLICT (gateway, key_id, span) DO UPDATE SET bucket = excluded.bucket, spent = excluded.spent, \
             written = excluded.written, allowance = excluded.allowance",
            placeholders(Kind::Postgres, chunk.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for ((key, span), said) in chunk {
            query = query.bind(gateway.0).bind(key.0).bind(*span).bind(said.bucket);
            for tokens in [said.spent, said.written, said.allowance] {
                query = query.bind(i64::try_from(tokens).unwrap_or(i64::MAX));
            }
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1_000;

    fn own(spent: u64, share: f64) -> Own {
        Own {
            spent,
            share,
            ..Own::default()
        }
    }

    #[test]
    fn each_has_its_part_of_what_is_left() {
        let others = Others {
            allowed: 500,
            spent: 200,
            written: 0,
        };
        assert_eq!(allowance(LIMIT, 0, own(200, 0.5), others), 500);
        // Of 600 that nobody has spent it is to have nine tenths, but the other one holds 300 of them.
        assert_eq!(allowance(LIMIT, 0, own(200, 0.9), others), 500);
        assert_eq!(allowance(LIMIT, 0, own(200, 0.1), others), 260);
    }

    #[test]
    fn what_those_that_are_gone_have_spent_is_not_there() {
        let others = Others {
            allowed: 300,
            spent: 100,
            written: 100,
        };
        let own = Own {
            written: 50,
            ..own(80, 1.0)
        };
        // 400 are recorded; 150 of them by the two that are here.
        assert_eq!(allowance(LIMIT, 400, own, others), LIMIT - 250 - 300);
    }

    #[test]
    fn what_is_spent_stays_spent_when_a_budget_shrinks() {
        let others = Others {
            allowed: 900,
            spent: 900,
            written: 0,
        };
        assert_eq!(allowance(LIMIT, 0, own(200, 0.5), others), 200);
    }

    #[test]
    fn one_that_has_not_spoken_yet_has_its_part_of_the_limits() {
        let mut meeting = Meeting {
            others: HashMap::from([(2, 0.25), (3, 0.25)]),
            ..Meeting::default()
        };
        let place = (KeyId(7), Span::Day.code());
        meeting.held.insert((2, KeyId(7)), 0.5);
        meeting.said.insert(
            (3, place),
            Said {
                bucket: 9,
                spent: 10,
                written: 10,
                allowance: 100,
            },
        );
        assert_eq!(meeting.others_of(place, 9, LIMIT).allowed, 500 + 100);
        // What was said of yesterday says nothing of today.
        let today = meeting.others_of(place, 10, LIMIT);
        assert_eq!((today.allowed, today.spent), (500 + 250, 0));
    }
}
