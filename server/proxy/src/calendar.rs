//! Days and months in UTC, and times as RFC 3339 writes them.

use worv_core::UnixMillis;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A stretch of the calendar, in which a budget holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    Day,
    Month,
}

impl Period {
    /// When the period began that `now` lies in.
    pub(crate) fn start(self, now: UnixMillis) -> UnixMillis {
        let days = now.0.div_euclid(DAY);
        match self {
            Self::Day => UnixMillis(days * DAY),
            Self::Month => {
                let (_, _, day) = civil(days);
                UnixMillis((days - day + 1) * DAY)
            }
        }
    }

    /// When the next one begins.
    pub(crate) fn end(self, now: UnixMillis) -> UnixMillis {
        let start = self.start(now);
        match self {
            Self::Day => UnixMillis(start.0 + DAY),
            // 31 days after the first of a month is in the next one.
            Self::Month => self.start(UnixMillis(start.0 + 31 * DAY)),
        }
    }
}

/// A time to the second, such as `2026-04-26T09:30:00Z`.
pub(crate) fn rfc_3339(time: UnixMillis) -> String {
    let (year, month, day) = civil(time.0.div_euclid(DAY));
    let seconds = time.0.rem_euclid(DAY) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// Year, month and day of a number of days since 1970-01-01, by counting from March of the year 0 in cycles of 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let cycle = days.div_euclid(146_097);
    let of_cycle = days.rem_euclid(146_097);
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (year + 400 * cycle + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_a_table() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_000, "2000-02-28T23:59:59Z"),
            (951_868_799_999, "2000-02-29T23:59:59Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_800_000_000_000, "2027-01-15T08:00:00Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ];
        for (millis, expected) in cases {
            assert_eq!(rfc_3339(UnixMillis(millis)), expected, "{millis}");
        }
    }

    #[test]
    fn periods_begin_and_end_at_midnight() {
        let at = |period: Period, now| {
            let (start, end) = (period.start(UnixMillis(now)), period.end(UnixMillis(now)));
            [rfc_3339(start), rfc_3339(end)]
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
