//! How far back the charts go, and how finely.

use std::ops::Range;

/// How far back the charts go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Period {
    /// 15 minutes, in bins of 10 seconds.
    #[default]
    Minutes,
    /// A day.
    Day,
    /// A week.
    Week,
    /// 30 days.
    Month,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Minutes, Self::Day, Self::Week, Self::Month];

    /// The period of that name; the shortest for any other.
    pub fn named(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|period| period.name() == name);
        known.unwrap_or_default()
    }

    /// Its name in addresses; empty for the shortest.
    pub(in crate::served::gpus) fn name(self) -> &'static str {
        match self {
            Self::Minutes => "",
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// The period for people.
    pub(in crate::served::gpus) fn words(self) -> &'static str {
        match self {
            Self::Minutes => "15 minutes",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    /// Its length in hours; none for the one that is shorter.
    pub fn hours(self) -> Option<u32> {
        match self {
            Self::Minutes => None,
            Self::Day => Some(24),
            Self::Week => Some(7 * 24),
            Self::Month => Some(30 * 24),
        }
    }

    /// After how many seconds there is something new.
    pub(in crate::served::gpus) fn renewal(self) -> &'static str {
        match self {
            Self::Minutes => "1",
            _ => "60",
        }
    }

    /// The length of a bin in milliseconds: at most 96 to 180 fit in.
    pub(super) fn bin(self) -> i64 {
        const MINUTE: i64 = 60_000;
        match self {
            Self::Minutes => 10_000,
            Self::Day => 15 * MINUTE,
            Self::Week => 60 * MINUTE,
            Self::Month => 4 * 60 * MINUTE,
        }
    }

    /// The bins up to `now`, by their number since 1970.
    pub(super) fn bins(self, now: i64) -> Range<i64> {
        let last = now.div_euclid(self.bin());
        let span = self.hours().map_or(15 * 60_000, |hours| i64::from(hours) * 3_600_000);
        last + 1 - span / self.bin()..last + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_period_ends_now_and_has_a_name() {
        for period in Period::ALL {
            let bins = period.bins(1_000_000_000_000);
            assert!((90..=180).contains(&(bins.end - bins.start)), "{period:?}: {bins:?}");
            assert_eq!(Period::named(period.name()), period);
        }
        assert_eq!(Period::named("never"), Period::Minutes);
    }
}
