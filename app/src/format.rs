//! Numbers, sizes and times as people read them. Times are UTC on both sides, so the server and the browser agree.

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A whole number with a comma before every third digit: `202,752`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something, by the word for one of it: `1 token`, `2,048 tokens`.
#[cfg(feature = "ssr")]
pub(crate) fn counted(number: u64, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {word}{plural}", thousands(number))
}

/// A number per second: one decimal below 100, none above, `0` for nothing.
pub(crate) fn rate(per_second: f64) -> String {
    if per_second == 0.0 {
        "0".to_owned()
    } else if per_second < 99.95 {
        decimal(per_second)
    } else {
        thousands(whole(per_second))
    }
}

/// A number from 0 up without decimals. Floats are written by way of whole numbers, since the standard library's way brings
/// tens of kilobytes into the browser.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is shown is never negative, and a cast saturates"
)]
pub fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// A number from 0 up with one decimal.
pub(crate) fn decimal(number: f64) -> String {
    tenths(whole(number * 10.0), 10)
}

/// A number in at most four characters, for the scale of a chart: `950`, `1.2k`, `35k`, `4M`.
pub(crate) fn compact(number: f64) -> String {
    let (scaled, unit) = match number {
        n if n >= 999_500.0 => (n / 1e6, "M"),
        n if n >= 1000.0 => (n / 1e3, "k"),
        n => (n, ""),
    };
    let digits = decimal(scaled);
    format!("{}{unit}", digits.strip_suffix(".0").unwrap_or(&digits))
}

/// What something draws of what it may draw: `640 / 1000 W`.
pub(crate) fn power(watts: Option<f64>, limit: Option<f64>) -> Option<String> {
    let limit = limit.map_or_else(String::new, |limit| format!(" / {}", whole(limit)));
    watts.map(|watts| format!("{}{limit} W", whole(watts)))
}

/// Bytes in GiB with one decimal, without the unit: `1,432.5`.
pub(crate) fn gibibytes(bytes: u64) -> String {
    tenths(bytes, 1 << 30)
}

/// Time of GPUs, all of them together: `75 s`, and from an hour on `1,344.0 h`.
#[cfg(feature = "ssr")]
pub(crate) fn gpu_time(gpu_seconds: u64) -> String {
    match gpu_seconds {
        s if s < 3_600 => format!("{s} s"),
        s => format!("{} h", tenths(s, 3_600)),
    }
}

/// Energy: `750 J`, `12.5 Wh`, `3.1 kWh`.
#[cfg(feature = "ssr")]
pub(crate) fn energy(joules: u64) -> String {
    match joules {
        j if j < 3_600 => format!("{j} J"),
        j if j < 3_600_000 => format!("{} Wh", tenths(j, 3_600)),
        j => format!("{} kWh", tenths(j, 3_600_000)),
    }
}

/// A number in a larger unit, with one decimal.
fn tenths(number: u64, unit: u64) -> String {
    let tenths = (u128::from(number) * 10 + u128::from(unit / 2)) / u128::from(unit);
    let tenths = u64::try_from(tenths).unwrap_or(u64::MAX);
    format!("{}.{}", thousands(tenths / 10), tenths % 10)
}

/// The share of the whole in whole percent, 0 if there is no whole.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    let (part, whole) = (u128::from(part), u128::from(whole));
    let rounded = (part * 200 + whole).checked_div(whole * 2).unwrap_or(0);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

/// The time of day: `14:03:27`.
pub(crate) fn time(unix_millis: i64) -> String {
    let (hour, minute) = (
        unix_millis.rem_euclid(DAY) / HOUR,
        unix_millis.rem_euclid(HOUR) / MINUTE,
    );
    format!("{hour:02}:{minute:02}:{:02}", unix_millis.rem_euclid(MINUTE) / SECOND)
}

/// The day: `2026-11-22`.
pub(crate) fn date(unix_millis: i64) -> String {
    let (year, month, day) = civil(unix_millis.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// When that day ends, in Unix milliseconds.
#[cfg(feature = "ssr")]
pub(crate) fn end_of_day(unix_millis: i64) -> i64 {
    (unix_millis.div_euclid(DAY) + 1) * DAY
}

/// The day and the minute: `2026-11-22 14:03`.
pub(crate) fn date_time(unix_millis: i64) -> String {
    format!("{} {}", date(unix_millis), &time(unix_millis)[..5])
}

/// What goes into the `datetime` attribute of `<time>`.
#[cfg(feature = "ssr")]
pub(crate) fn iso(unix_millis: i64) -> String {
    format!("{}T{}Z", date(unix_millis), time(unix_millis))
}

/// How long something took, in its two largest units: `3 h 12 min`.
pub(crate) fn duration(millis: i64) -> String {
    match millis.max(0) {
        m if m < MINUTE => format!("{} s", m / SECOND),
        m if m < HOUR => format!("{} min", m / MINUTE),
        m if m < DAY => format!("{} h {} min", m / HOUR, m % HOUR / MINUTE),
        m => format!("{} d {} h", m / DAY, m % DAY / HOUR),
    }
}

/// A short time: `40 ms`, `1.2 s`, `3 min`.
#[cfg(feature = "ssr")]
pub(crate) fn millis(millis: u64) -> String {
    match millis {
        m if m < 1_000 => format!("{m} ms"),
        m if m < 60_000 => format!("{}.{} s", m / 1_000, m % 1_000 / 100),
        m => duration(i64::try_from(m).unwrap_or(i64::MAX)),
    }
}

/// A very short time: `250 µs`, and from a millisecond on as [`millis`] has it.
#[cfg(feature = "ssr")]
pub(crate) fn micros(micros: u64) -> String {
    match micros {
        m if m < 1_000 => format!("{m} µs"),
        m => millis(m / 1_000),
    }
}

/// How long something has taken so far, in minutes and seconds: `2:05`.
#[cfg(feature = "ssr")]
pub(crate) fn elapsed(millis: i64) -> String {
    let seconds = millis.max(0) / SECOND;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The year, month and day of a day counted from 1970-01-01, by the proleptic Gregorian calendar.
/// The years are counted from March, so that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let from_march_of_year_0 = days + 719_468;
    let era = from_march_of_year_0.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = from_march_of_year_0.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 202_752, 1_000_000].map(thousands),
            ["0", "999", "1,000", "202,752", "1,000,000"]
        );
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn one_of_something_is_not_several() {
        let tokens = [0, 1, 2048].map(|number| counted(number, "token"));
        assert_eq!(tokens, ["0 tokens", "1 token", "2,048 tokens"]);
    }

    #[test]
    fn rates_lose_their_decimal_when_they_are_large() {
        assert_eq!(
            [0.0, 0.04, 12.34, 99.94, 99.95, 4321.6].map(rate),
            ["0", "0.0", "12.3", "99.9", "100", "4,322"]
        );
    }

    #[test]
    fn scales_are_short() {
        assert_eq!(
            [0.0, 2.5, 950.0, 1200.0, 35_000.0, 999_900.0, 4_000_000.0].map(compact),
            ["0", "2.5", "950", "1.2k", "35k", "1M", "4M"]
        );
    }

    #[test]
    fn memory_is_in_gibibytes_and_percent() {
        assert_eq!(
            [0, 173_305_495_552, 1 << 40].map(gibibytes),
            ["0.0", "161.4", "1,024.0"]
        );
        assert_eq!(percent(161, 183), 88);
        assert_eq!(percent(1, 0), 0);
        assert_eq!(percent(u64::MAX, u64::MAX), 100);
    }

    #[test]
    fn what_gpus_took_is_in_units_that_keep_it_short() {
        assert_eq!(
            [0, 3_599, 3_600, 4_838_400].map(gpu_time),
            ["0 s", "3599 s", "1.0 h", "1,344.0 h"]
        );
        assert_eq!([750, 45_000, 11_160_000].map(energy), ["750 J", "12.5 Wh", "3.1 kWh"]);
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(951_782_399_000), "2000-02-28T23:59:59Z");
        assert_eq!(iso(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_798_761_599_999), "2026-12-31T23:59:59Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(date_time(1_795_356_180_000), "2026-11-22 14:03");
    }

    #[test]
    fn durations_name_their_largest_units() {
        assert_eq!(
            [-5, 59_999, 60_000, 11_520_000, 90_000_000].map(duration),
            ["0 s", "59 s", "1 min", "3 h 12 min", "1 d 1 h"]
        );
    }
}
