//! The stretches of the calendar that budgets hold in, in UTC.

use worv_core::{
    UnixMillis,
    calendar::{DAY, month, start_of_month},
};

/// A stretch of the calendar, in which a budget holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    Month,
}

impl Period {
    /// When the period began that `now` lies in.
    pub(crate) fn start(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::Day => UnixMillis(now.0.div_euclid(DAY) * DAY),
            Self::Month => start_of_month(month(now)),
        }
    }

    /// When the next one begins.
    pub(crate) fn end(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::Day => UnixMillis(self.start(now).0 + DAY),
            Self::Month => start_of_month(month(now) + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use worv_core::calendar::iso;

    use super::*;

    #[test]
    fn periods_begin_and_end_at_midnight() {
        let at = |period: Period, now| {
            let (start, end) = (period.start(UnixMillis(now)), period.end(UnixMillis(now)));
            [iso(start), iso(end)]
        };
        let now = 951_825_600_000;
        assert_eq!(at(Period::Day, now), ["2000-02-29T00:00:00Z", "2000-03-01T00:00:00Z"]);
        assert_eq!(at(Period::Month, now), ["2000-02-01T00:00:00Z", "2000-03-01T00:00:00Z"]);
        let december = 978_220_800_000;
        assert_eq!(
            at(Period::Month, december),
            ["2000-12-01T00:00:00Z", "2001-01-01T00:00:00Z"]
        );
    }
}
