//! What a key has used of its limits: taken before a request goes on, settled when it has ended.
//!
//! Each key has an account of its own, and each request touches only its key's, for a few steps at a time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use worv_core::{
    UnixMillis,
    key::{KeyGrant, KeyId, KeySettings},
    share::part,
};

use crate::{
    calendar::Period,
    minute::{Minute, Second},
};
pub use budget::{Allowance, BudgetUse, SpentElsewhere};

use budget::Budget;

mod budget;
#[cfg(test)]
mod tests;

/// When a caller is told to come back whose own requests under way take up its limit.
const SOON: Duration = Duration::from_secs(1);

/// What a key has asked for in the last minute, admitted or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDemand {
    /// Whose requests these are.
    pub key: KeyId,
    /// Requests, those that were refused for a limit included.
    pub requests: u64,
    /// Requests that were let in.
    pub admitted: u64,
    /// Tokens of those that were admitted, as reserved where they are under way.
    pub tokens: u64,
    /// Requests under way or waiting.
    pub under_way: u64,
    /// What it has spent today.
    pub day: BudgetUse,
    /// What it has spent this month.
    pub month: BudgetUse,
}

/// What of a key's limits is this gateway's to give, where several share the keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyShare {
    /// The part of each limit, from 0 to 1.
    pub part: f64,
    /// Of its daily budget. Without one, the part holds.
    pub day: Option<Allowance>,
    /// Of its monthly budget. Without one, the part holds.
    pub month: Option<Allowance>,
}

/// A key's grant, and what it has used of it.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) grant: KeyGrant,
    pub(crate) account: Arc<Account>,
}

/// The account of one key. It outlives changes of the key's settings.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Held for a few steps only, never across a wait.
    ledger: Mutex<Ledger>,
}

/// A request that counts against its key's limits on requests. Dropping it ends that.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) holder: Arc<Holder>,
    second: Second,
    /// Whether it keeps its place among the requests of its minute.
    admitted: bool,
}

/// Tokens that a request may use. Dropping it gives them back.
#[derive(Debug)]
pub(crate) struct Reservation {
    account: Arc<Account>,
    tokens: u64,
    second: Second,
    day: UnixMillis,
    month: UnixMillis,
}

/// The limit that stands against a request, and when that may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted {
    pub(crate) limit: Limit,
    /// The key's own figure for it.
    pub(crate) of: u64,
    /// How much of it is left.
    pub(crate) left: u64,
    /// Whether it is used up for as long as its period lasts.
    pub(crate) spent: bool,
    pub(crate) retry_after: Duration,
}

/// The limits that a key can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    RequestsPerMinute,
    TokensPerMinute,
    Concurrency,
    DailyBudget,
    MonthlyBudget,
}

/// How much of one limit is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) limit: u64,
    pub(crate) remaining: u64,
    /// Until all of it is there again, if nothing more is asked for.
    pub(crate) reset: Duration,
}

/// How much of each limit is left; none where the key has no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) requests: Option<Left>,
    pub(crate) tokens: Option<Left>,
    pub(crate) day: Option<Left>,
    pub(crate) month: Option<Left>,
    pub(crate) under_way: u64,
}

#[derive(Debug)]
struct Ledger {
    /// The part of each limit that is this gateway's to give, where several share the keys.
    share: f64,
    asked: Minute,
    requests: Minute,
    tokens: Minute,
    under_way: u64,
    day: Budget,
    month: Budget,
}

impl Account {
    /// Counts a request of `holder`'s against its limits on requests, or tells which one stands against it.
    pub(crate) fn enter(holder: &Arc<Holder>, now: UnixMillis) -> Result<Entry, Exhausted> {
        let settings = &holder.grant.settings;
        let mut ledger = holder.account.ledger();
        ledger.asked.add(now, 1);
        if let Some(limit) = settings.concurrency
            && ledger.under_way >= ledger.part_of(limit)
        {
            return Err(Exhausted::new(Limit::Concurrency, limit, 0, SOON));
        }
        if let Some(limit) = settings.requests_per_minute {
            let part = ledger.part_of(limit);
            if ledger.requests.sum(now) >= part {
                let wait = ledger.requests.until_at_most(part.saturating_sub(1), now);
                return Err(Exhausted::new(Limit::RequestsPerMinute, limit, 0, millis(wait)));
            }
        }
        ledger.under_way += 1;
        let second = ledger.requests.add(now, 1);
        drop(ledger);
        Ok(Entry {
            holder: Arc::clone(holder),
            second,
            admitted: false,
        })
    }

    /// Reserves `tokens` for a request, or tells which limit stands against it.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        settings: &KeySettings,
        tokens: u64,
        now: UnixMillis,
    ) -> Result<Reservation, Exhausted> {
        let mut ledger = self.ledger();
        ledger.begin_periods(now);
        let budgets = [
            (Limit::DailyBudget, settings.budget_day, &ledger.day),
            (Limit::MonthlyBudget, settings.budget_month, &ledger.month),
        ];
        for (name, limit, budget) in budgets {
            let Some(limit) = limit else { continue };
            let left = budget.left(limit, ledger.share);
            if left < tokens {
                // What others hold for now may be given back; what is spent stays so until the period is over.
                let spent = budget.unspent(limit) < tokens;
                let end = budget.period.end(now).since(now);
                return Err(Exhausted {
                    spent,
                    ..Exhausted::new(name, limit, left, if spent { end } else { SOON })
                });
            }
        }
        if let Some(limit) = settings.tokens_per_minute {
            let (part, used) = (ledger.part_of(limit), ledger.tokens.sum(now));
            // One that is greater than the whole limit has a minute of its own: else it could never be served.
            if used > 0 && used + tokens > part || part == 0 {
                let wait = ledger.tokens.until_at_most(part.saturating_sub(tokens), now);
                let left = part.saturating_sub(used);
                return Err(Exhausted::new(Limit::TokensPerMinute, limit, left, millis(wait)));
            }
        }
        ledger.day.reserve(tokens);
        ledger.month.reserve(tokens);
        let second = ledger.tokens.add(now, tokens);
        Ok(Reservation {
            account: Arc::clone(self),
            tokens,
            second,
            day: ledger.day.start,
            month: ledger.month.start,
        })
    }

    /// How much of each limit in `settings` is left.
    pub(crate) fn standing(&self, settings: &KeySettings, now: UnixMillis) -> Standing {
        let mut ledger = self.ledger();
        ledger.begin_periods(now);
        let share = ledger.share;
        let part = |limit| part(limit, share);
        let in_minute = |minute: &mut Minute, limit: u64| Left {
            limit: part(limit),
            remaining: part(limit).saturating_sub(minute.sum(now)),
            reset: millis(minute.until_at_most(0, now)),
        };
        let in_period = |budget: &Budget, limit: u64| Left {
            limit,
            remaining: budget.left(limit, share),
            reset: budget.period.end(now).since(now),
        };
        Standing {
            requests: settings
                .requests_per_minute
                .map(|limit| in_minute(&mut ledger.requests, limit)),
            tokens: settings
                .tokens_per_minute
                .map(|limit| in_minute(&mut ledger.tokens, limit)),
            day: settings.budget_day.map(|limit| in_period(&ledger.day, limit)),
            month: settings.budget_month.map(|limit| in_period(&ledger.month, limit)),
            under_way: ledger.under_way,
        }
    }

    pub(crate) fn set_share(&self, share: KeyShare, now: UnixMillis) {
        let mut ledger = self.ledger();
        ledger.begin_periods(now);
        ledger.share = share.part.clamp(0.0, 1.0);
        ledger.day.set_allowance(share.day);
        ledger.month.set_allowance(share.month);
    }

    pub(crate) fn set_elsewhere(&self, elsewhere: SpentElsewhere, now: UnixMillis) {
        let mut ledger = self.ledger();
        ledger.begin_periods(now);
        ledger.day.set_elsewhere(elsewhere.as_of, elsewhere.day);
        ledger.month.set_elsewhere(elsewhere.as_of, elsewhere.month);
    }

    pub(crate) fn demand(&self, key: KeyId, now: UnixMillis) -> KeyDemand {
        let mut ledger = self.ledger();
        ledger.begin_periods(now);
        KeyDemand {
            key,
            requests: ledger.asked.sum(now),
            admitted: ledger.requests.sum(now),
            tokens: ledger.tokens.sum(now),
            under_way: ledger.under_way,
            day: ledger.day.used(),
            month: ledger.month.used(),
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// The request has been admitted: it counts in its minute even when it is over.
    pub(crate) fn admit(&mut self) {
        self.admitted = true;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut ledger = self.holder.account.ledger();
        ledger.under_way -= 1;
        if !self.admitted {
            let now = ledger.requests.latest();
            ledger.requests.correct(self.second, 1, 0, now);
        }
    }
}

impl Reservation {
    /// Puts what was used in the place of what was reserved.
    pub(crate) fn settle(mut self, used: u64, now: UnixMillis) {
        self.give_back(used, now);
    }

    fn give_back(&mut self, used: u64, now: UnixMillis) {
        let mut ledger = self.account.ledger();
        ledger.begin_periods(now);
        ledger.tokens.correct(self.second, self.tokens, used, now);
        ledger.day.settle(self.day, self.tokens, used);
        ledger.month.settle(self.month, self.tokens, used);
        self.tokens = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.tokens > 0 {
            let now = self.account.ledger().tokens.latest();
            self.give_back(0, now);
        }
    }
}

impl Exhausted {
    fn new(limit: Limit, of: u64, left: u64, retry_after: Duration) -> Self {
        Self {
            limit,
            of,
            left,
            spent: false,
            retry_after,
        }
    }
}

impl KeyShare {
    /// A part of every limit and budget.
    pub const fn part(part: f64) -> Self {
        Self {
            part,
            day: None,
            month: None,
        }
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            share: 1.0,
            asked: Minute::default(),
            requests: Minute::default(),
            tokens: Minute::default(),
            under_way: 0,
            day: Budget::new(Period::Day),
            month: Budget::new(Period::Month),
        }
    }
}

impl Ledger {
    fn part_of(&self, limit: u64) -> u64 {
        part(limit, self.share)
    }

    fn begin_periods(&mut self, now: UnixMillis) {
        self.day.begin(now);
        self.month.begin(now);
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
