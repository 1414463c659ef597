//! Numbers and times of usage in words.

use worv_api::{Granularity, Grouping, Metric, UsageReport};

use crate::{format, parts};

/// What a metric counts, for a heading.
pub(super) fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::Requests => "Requests",
        Metric::Errors => "Errors",
        Metric::PromptTokens => "Input tokens",
        Metric::CachedTokens => "Cached input tokens",
        Metric::CompletionTokens => "Output tokens",
        Metric::ReasoningTokens => "Reasoning tokens",
        Metric::FirstToken => "Mean time to first token, in ms",
        Metric::TokenRate => "Mean output tokens per second of an answer",
    }
}

/// The name of a series. Those of keys, models and endpoints stand for themselves.
pub(super) fn series(by: Grouping, name: &str) -> String {
    if by == Grouping::Outcome {
        parts::words(name)
    } else {
        name.to_owned()
    }
}

/// A bucket, as long as it is.
pub(super) fn bucket(granularity: Granularity, start: i64) -> String {
    match granularity {
        Granularity::Hour => format::date_time(start),
        Granularity::Day => format::date(start),
        Granularity::Month => format::date(start)[..7].to_owned(),
    }
}

/// A bucket on the axis of a chart: no longer than it needs to be there.
pub(super) fn label(granularity: Granularity, start: i64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let date = format::date(start);
    let month = date[5..7]
        .parse::<usize>()
        .ok()
        .and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    let month = month.copied().unwrap_or_default();
    match granularity {
        Granularity::Hour if &format::time(start)[..5] != "00:00" => format::time(start)[..5].to_owned(),
        Granularity::Month => format!("{month} {}", &date[..4]),
        _ => format!("{} {month}", date[8..].trim_start_matches('0')),
    }
}

/// How a value compares with the one before it.
pub(super) fn change(now: u64, before: u64) -> String {
    if before == 0 {
        return if now == 0 {
            "none before either".to_owned()
        } else {
            "none in the time before".to_owned()
        };
    }
    let (more, sign) = if now >= before {
        (now - before, '+')
    } else {
        (before - now, '−')
    };
    let percent = (u128::from(more) * 100 + u128::from(before) / 2) / u128::from(before);
    match percent {
        0 => "as in the time before".to_owned(),
        1..=999 => format!("{sign}{percent} % on the time before"),
        _ => format!("{} in the time before", format::thousands(before)),
    }
}

/// Where the range is compared with, in words.
pub(super) fn comparison(report: &UsageReport) -> String {
    let over = report.to.min(report.as_of);
    format!("compared with the {} before", format::duration(over - report.from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_in_percent_as_long_as_that_says_something() {
        assert_eq!(change(112, 100), "+12 % on the time before");
        assert_eq!(change(50, 100), "−50 % on the time before");
        assert_eq!(change(100, 100), "as in the time before");
        assert_eq!(change(5_000, 3), "3 in the time before");
        assert_eq!(change(5, 0), "none in the time before");
        assert_eq!(change(0, 0), "none before either");
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(label(Granularity::Hour, 1_795_356_180_000), "14:03");
        assert_eq!(label(Granularity::Hour, 1_795_305_600_000), "22 Nov");
        assert_eq!(label(Granularity::Day, 1_795_356_180_000), "22 Nov");
        assert_eq!(label(Granularity::Month, 1_795_356_180_000), "Nov 2026");
        assert_eq!(bucket(Granularity::Month, 1_795_356_180_000), "2026-11");
    }
}
