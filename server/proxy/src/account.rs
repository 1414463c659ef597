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
};

use crate::{
    calendar::Period,
    minute::{Minute, Second},
};

/// When a caller is told to come back whose own requests under way take up its limit.
const SOON: Duration = Duration::from_secs(1);

/// Tokens that a key has spent, but not through this gateway since its start: before that, or through another one beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpentElsewhere {
    /// When this was so: it counts in the UTC day and month of that moment.
    pub as_of: UnixMillis,
    /// Tokens, of prompts and answers, in that day.
    pub day: u64,
    /// Tokens, of prompts and answers, in that month, the day included.
    pub month: u64,
}

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

/// What was spent in a day or a month.
#[derive(Debug)]
struct Budget {
    period: Period,
    start: UnixMillis,
    /// By this gateway since it started.
    own: u64,
    elsewhere: u64,
    /// What `own` was when `elsewhere` was last told.
    own_then: u64,
    reserved: u64,
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
                let spent = left + budget.reserved < tokens;
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
        ledger.day.reserved += tokens;
        ledger.month.reserved += tokens;
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

    pub(crate) fn set_share(&self, share: f64) {
        self.ledger().share = share.clamp(0.0, 1.0);
    }

    pub(crate) fn set_elsewhere(&self, elsewhere: SpentElsewhere, now: UnixMillis) {
        let mut ledger = self.ledger();
        ledger.begin_periods(now);
        let ledger = &mut *ledger;
        for (budget, spent) in [(&mut ledger.day, elsewhere.day), (&mut ledger.month, elsewhere.month)] {
            let holds = budget.period.start(elsewhere.as_of) == budget.start;
            budget.elsewhere = if holds { spent } else { 0 };
            budget.own_then = budget.own;
        }
    }

    pub(crate) fn demand(&self, key: KeyId, now: UnixMillis) -> KeyDemand {
        let mut ledger = self.ledger();
        KeyDemand {
            key,
            requests: ledger.asked.sum(now),
            admitted: ledger.requests.sum(now),
            tokens: ledger.tokens.sum(now),
            under_way: ledger.under_way,
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
        let ledger = &mut *ledger;
        ledger.tokens.correct(self.second, self.tokens, used, now);
        // A period that has ended meanwhile has nothing left to settle.
        for (budget, start) in [(&mut ledger.day, self.day), (&mut ledger.month, self.month)] {
            if budget.start == start {
                budget.reserved -= self.tokens;
                budget.own += used;
            }
        }
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
        for budget in [&mut self.day, &mut self.month] {
            let start = budget.period.start(now);
            // A clock that goes back does not bring an old period back.
            if start > budget.start {
                *budget = Budget {
                    start,
                    ..Budget::new(budget.period)
                };
            }
        }
    }
}

impl Budget {
    fn new(period: Period) -> Self {
        Self {
            period,
            start: UnixMillis(i64::MIN),
            own: 0,
            elsewhere: 0,
            own_then: 0,
            reserved: 0,
        }
    }

    /// What of `limit` can still be reserved: this gateway's share of what was left when others were last heard of,
    /// less what it has spent and reserved since.
    fn left(&self, limit: u64, share: f64) -> u64 {
        let left_then = limit.saturating_sub(self.elsewhere + self.own_then);
        part(left_then, share).saturating_sub(self.own - self.own_then + self.reserved)
    }
}

/// A share of a limit, rounded down, so that all shares together are never more than it.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share lies between 0 and 1, and limits are far below 2^52"
)]
fn part(limit: u64, share: f64) -> u64 {
    if share >= 1.0 {
        limit
    } else {
        (limit as f64 * share) as u64
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Noon of a day in the middle of a month.
    const NOW: UnixMillis = UnixMillis(1_800_014_400_000);

    fn holder(settings: KeySettings) -> Arc<Holder> {
        let grant = KeyGrant {
            id: KeyId(1),
            name: "k".to_owned(),
            expires_at: None,
            revoked_at: None,
            suspended_at: None,
            settings,
        };
        Arc::new(Holder {
            grant,
            account: Arc::default(),
        })
    }

    fn reserve(holder: &Holder, tokens: u64, now: UnixMillis) -> Result<Reservation, Exhausted> {
        holder.account.reserve(&holder.grant.settings, tokens, now)
    }

    fn after(seconds: u64) -> UnixMillis {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn requests_are_limited_in_any_minute_and_only_admitted_ones_count() {
        let holder = holder(KeySettings {
            requests_per_minute: Some(3),
            ..KeySettings::default()
        });
        drop(Account::enter(&holder, NOW).unwrap());
        for seconds in [0, 10, 20] {
            Account::enter(&holder, after(seconds)).unwrap().admit();
        }
        let refused = Account::enter(&holder, after(21)).unwrap_err();
        let expected = Exhausted::new(Limit::RequestsPerMinute, 3, 0, Duration::from_secs(39));
        assert_eq!(refused, expected);
        Account::enter(&holder, after(60)).unwrap().admit();
        assert!(Account::enter(&holder, after(60)).is_err());
        assert_eq!(holder.account.demand(KeyId(1), after(60)).requests, 5);
    }

    #[test]
    fn requests_under_way_are_limited_until_they_end() {
        let holder = holder(KeySettings {
            concurrency: Some(2),
            ..KeySettings::default()
        });
        let (first, _second) = (
            Account::enter(&holder, NOW).unwrap(),
            Account::enter(&holder, NOW).unwrap(),
        );
        assert_eq!(Account::enter(&holder, NOW).unwrap_err().limit, Limit::Concurrency);
        drop(first);
        assert!(Account::enter(&holder, NOW).is_ok());
    }

    #[test]
    fn tokens_of_a_minute_are_reserved_and_then_settled() {
        let holder = holder(KeySettings {
            tokens_per_minute: Some(100),
            ..KeySettings::default()
        });
        let reservation = reserve(&holder, 80, NOW).unwrap();
        assert_eq!(reserve(&holder, 30, NOW).unwrap_err().limit, Limit::TokensPerMinute);
        reservation.settle(20, NOW);
        drop(reserve(&holder, 80, NOW).unwrap());
        reserve(&holder, 80, NOW).unwrap().settle(90, NOW);
        assert!(reserve(&holder, 1, NOW).is_err());
        // One that is greater than the limit gets a minute of its own.
        assert!(reserve(&holder, 1_000, after(59)).is_err());
        assert!(reserve(&holder, 1_000, after(60)).is_ok());
    }

    #[test]
    fn two_hundred_at_once_never_get_more_than_the_budget() {
        for budgets in [(Some(500), None), (None, Some(500))] {
            let holder = holder(KeySettings {
                budget_day: budgets.0,
                budget_month: budgets.1,
                ..KeySettings::default()
            });
            let kept: Vec<_> = thread::scope(|scope| {
                let tries: Vec<_> = (0..200)
                    .map(|_| scope.spawn(|| reserve(&holder, 10, NOW).ok()))
                    .collect();
                tries.into_iter().filter_map(|tried| tried.join().unwrap()).collect()
            });
            assert_eq!(kept.len(), 50);
            for reservation in kept {
                reservation.settle(9, NOW);
            }
            let kept: Vec<_> = (0..200).filter_map(|_| reserve(&holder, 10, NOW).ok()).collect();
            assert_eq!(kept.len(), 5, "each used one less than it had reserved");
        }
    }

    #[test]
    fn a_budget_begins_anew_with_its_period_and_the_wait_says_when() {
        let holder = holder(KeySettings {
            budget_day: Some(100),
            ..KeySettings::default()
        });
        let over_midnight = reserve(&holder, 60, NOW).unwrap();
        assert_eq!(reserve(&holder, 60, NOW).unwrap_err().retry_after, SOON);
        reserve(&holder, 40, NOW).unwrap().settle(41, NOW);
        assert_eq!(
            reserve(&holder, 100, NOW).unwrap_err().retry_after,
            Duration::from_hours(12)
        );
        let tomorrow = after(12 * 3_600);
        let _today = reserve(&holder, 100, tomorrow).unwrap();
        over_midnight.settle(60, tomorrow);
        assert!(reserve(&holder, 1, tomorrow).is_err());
    }

    #[test]
    fn what_was_spent_elsewhere_counts_in_its_own_period_only() {
        let holder = holder(KeySettings {
            budget_day: Some(100),
            budget_month: Some(1_000),
            ..KeySettings::default()
        });
        let left = |now| {
            let standing = holder.account.standing(&holder.grant.settings, now);
            (standing.day.unwrap().remaining, standing.month.unwrap().remaining)
        };
        reserve(&holder, 10, NOW).unwrap().settle(10, NOW);
        let spent = |as_of| SpentElsewhere {
            as_of,
            day: 20,
            month: 300,
        };
        holder.account.set_elsewhere(spent(NOW), NOW);
        assert_eq!(left(NOW), (70, 690));
        holder.account.set_elsewhere(spent(UnixMillis(NOW.0 - 86_400_000)), NOW);
        assert_eq!(left(NOW), (90, 690));
    }

    #[test]
    fn a_share_scales_every_limit() {
        let holder = holder(KeySettings {
            requests_per_minute: Some(10),
            budget_day: Some(100),
            ..KeySettings::default()
        });
        reserve(&holder, 20, NOW).unwrap().settle(20, NOW);
        holder.account.set_share(0.5);
        holder.account.set_elsewhere(
            SpentElsewhere {
                as_of: NOW,
                day: 40,
                month: 40,
            },
            NOW,
        );
        let standing = holder.account.standing(&holder.grant.settings, NOW);
        assert_eq!(
            (standing.requests.unwrap().limit, standing.day.unwrap().remaining),
            (5, 20)
        );
        reserve(&holder, 20, NOW).unwrap().settle(20, NOW);
        assert!(reserve(&holder, 1, NOW).is_err());
    }
}
