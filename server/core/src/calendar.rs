//! Days and months in UTC, and moments as ISO 8601 writes them.

use crate::UnixMillis;

/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// The month that a moment lies in, counted from January 1970.
pub fn month(at: UnixMillis) -> i64 {
    let (year, month, _) = civil(at.0.div_euclid(DAY));
    (year - 1970) * 12 + month - 1
}

/// When a month begins that is counted from January 1970.
pub fn start_of_month(month: i64) -> UnixMillis {
    let (year, month) = (1970 + month.div_euclid(12), month.rem_euclid(12) + 1);
    UnixMillis(days(year, month, 1) * DAY)
}

/// A moment to the second: `2026-04-26T09:30:00Z`.
pub fn iso(at: UnixMillis) -> String {
    let (year, month, day) = civil(at.0.div_euclid(DAY));
    let seconds = at.0.rem_euclid(DAY) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// The moment that a text names: a day (`2026-04-26`), a minute (`2026-04-26T09:30`) or a second, with or without a `Z`.
/// Other time zones than UTC are not read.
pub fn parse(text: &str) -> Option<UnixMillis> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let seconds = match time.len() {
        5 => numbers(time, ':', [2, 2]).map(|[hours, minutes]| [hours, minutes, 0])?,
        _ => numbers(time, ':', [2, 2, 2])?,
    };
    let number = days(year, month, day);
    let exists = civil(number) == (year, month, day) && seconds[0] < 24 && seconds[1] < 60 && seconds[2] < 60;
    let seconds = (seconds[0] * 60 + seconds[1]) * 60 + seconds[2];
    exists.then_some(UnixMillis(number * DAY + seconds * 1_000))
}

/// Numbers of so many digits each, with a separator between them.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut found = [0; N];
    for (number, digits) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
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

/// The number of days from 1970-01-01 to a day, in the same way.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let cycle = year.div_euclid(400);
    let of_cycle = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    cycle * 146_097 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399_000, "2000-02-28T23:59:59Z"),
            (951_868_799_000, "2000-02-29T23:59:59Z"),
            (1_800_000_000_000, "2027-01-15T08:00:00Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (-1_000, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(iso(UnixMillis(millis)), text);
            assert_eq!(parse(text), Some(UnixMillis(millis)), "{text}");
        }
        assert_eq!(parse("1970-01-02"), Some(UnixMillis(DAY)));
        assert_eq!(parse("1970-01-01T01:00"), Some(UnixMillis(HOUR)));
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-00-10",
            "2026-02-29",
            "2026-1-1",
            "2026-01-01T24:00",
            "2026-01-01T",
            "x",
            "2026-01-01T00:00:00+01:00",
            "+026-01-01",
            "99999-01-01",
            "2026-01-01-01",
            "２026-01-01",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn months_begin_on_their_first_day() {
        for month_number in -30..1_600 {
            let start = start_of_month(month_number);
            assert_eq!(
                (month(start), month(UnixMillis(start.0 - 1))),
                (month_number, month_number - 1)
            );
        }
        assert_eq!(iso(start_of_month(12 * 30 + 1)), "2000-02-01T00:00:00Z");
    }
}
