//! What a key may spend through this gateway in a day or a month.

use worv_core::{UnixMillis, share::part};

use crate::calendar::Period;

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

/// Tokens that a key may spend through this gateway in one period, all told, where several share its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// When the period begins.
    pub start: UnixMillis,
    /// Prompts' and answers', those that are spent already included.
    pub tokens: u64,
}

/// What a key has spent through this gateway in one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetUse {
    /// When the period begins.
    pub start: UnixMillis,
    /// Tokens that are spent, or reserved by requests under way.
    pub spent: u64,
    /// The allowance in force.
    pub allowance: Option<u64>,
}

/// The account of one key's budget.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) period: Period,
    pub(super) start: UnixMillis,
    /// When the next period begins.
    end: UnixMillis,
    allowance: Option<u64>,
    /// By this gateway since it started.
    own: u64,
    elsewhere: u64,
    reserved: u64,
}

impl Budget {
    pub(super) fn new(period: Period) -> Self {
        Self {
            period,
            start: UnixMillis(i64::MIN),
            end: UnixMillis(i64::MIN),
            allowance: None,
            own: 0,
            elsewhere: 0,
            reserved: 0,
        }
    }

    /// Begins the period that `now` lies in. A clock that goes back a little does not bring an old one back; one that
    /// goes back by more than a whole period was wrong before, and what it counted is not of this period.
    pub(super) fn begin(&mut self, now: UnixMillis) {
        if (self.start..self.end).contains(&now) {
            return;
        }
        let start = self.period.start(now);
        let was_wrong = start < self.start && self.period.end(start) < self.start;
        if start > self.start || was_wrong {
            *self = Self {
                start,
                end: self.period.end(now),
                ..Self::new(self.period)
            };
        }
    }

    /// What of `limit` can still be reserved here: within the allowance or, before the first one of the period, within
    /// this gateway's share, and never more than is known to be there.
    pub(super) fn left(&self, limit: u64, share: f64) -> u64 {
        self.allowance
            .unwrap_or_else(|| part(limit, share))
            .min(limit.saturating_sub(self.elsewhere))
            .saturating_sub(self.own + self.reserved)
    }

    /// What of `limit` nobody has spent. It comes back only when the period is over.
    pub(super) fn unspent(&self, limit: u64) -> u64 {
        limit.saturating_sub(self.elsewhere + self.own)
    }

    pub(super) fn reserve(&mut self, tokens: u64) {
        self.reserved += tokens;
    }

    /// Puts what was used in the place of what was reserved in the period that began at `start`, if that still lasts.
    pub(super) fn settle(&mut self, start: UnixMillis, reserved: u64, used: u64) {
        if self.start == start {
            self.reserved -= reserved;
            self.own += used;
        }
    }

    pub(super) fn set_elsewhere(&mut self, as_of: UnixMillis, spent: u64) {
        let holds = self.period.start(as_of) == self.start;
        self.elsewhere = if holds { spent } else { 0 };
    }

    /// An allowance for another period does not count.
    pub(super) fn set_allowance(&mut self, allowance: Option<Allowance>) {
        self.allowance = allowance
            .filter(|allowance| allowance.start == self.start)
            .map(|allowance| allowance.tokens);
    }

    pub(super) fn used(&self) -> BudgetUse {
        BudgetUse {
            start: self.start,
            spent: self.own + self.reserved,
            allowance: self.allowance,
        }
    }
}
