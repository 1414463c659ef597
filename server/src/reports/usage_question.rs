//! What is asked about usage, read from a query string.

use worv_api::{ApiError, Granularity, Grouping, Metric};
use worv_core::{UnixMillis, calendar, key::KeyId, usage::Endpoint};
use worv_store::usage::{GroupBy, Span, UsageQuery};

use super::parameters::{Parameters, invalid};

/// Buckets that an answer may have.
const MOST_BUCKETS: i64 = 400;

/// The ranges that have a name; all but the last end now.
const RANGES: [&str; 7] = ["24h", "7d", "30d", "90d", "12m", "24m", "custom"];

/// What may be asked.
const PARAMETERS: [&str; 9] = [
    "range",
    "from",
    "to",
    "granularity",
    "metric",
    "by",
    "key",
    "model",
    "endpoint",
];

/// A question about usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuestion {
    /// From here on.
    pub from: UnixMillis,
    /// Up to here.
    pub to: UnixMillis,
    /// How long a bucket is.
    pub granularity: Granularity,
    /// What is counted.
    pub metric: Metric,
    /// What usage is split by.
    pub by: Grouping,
    /// This key's usage only.
    pub key: Option<KeyId>,
    /// This model's usage only.
    pub model: Option<String>,
    /// This endpoint's usage only.
    pub endpoint: Option<Endpoint>,
}

impl UsageQuestion {
    /// Reads a question that is asked at `now`. Whatever is not said has a default: the last seven days, by key.
    pub fn read(query: &str, now: UnixMillis) -> Result<Self, ApiError> {
        let given = Parameters::read(query, &PARAMETERS)?;
        let (from, to) = range(&given, now)?;
        let auto = given.text("granularity").is_none_or(|text| text == "auto");
        let granularity = if auto {
            fitting(from, to)
        } else {
            let named = given.one_of("granularity", &Granularity::ALL, Granularity::name)?;
            named.unwrap_or(Granularity::Day)
        };
        let by = given
            .one_of("by", &Grouping::ALL, Grouping::name)?
            .unwrap_or(Grouping::Key);
        let metric = given
            .one_of("metric", &Metric::ALL, Metric::name)?
            .unwrap_or(Metric::Requests);
        let question = Self {
            from,
            to,
            granularity,
            // Of outcomes there are counts, and nothing else.
            metric: if by == Grouping::Outcome {
                Metric::Requests
            } else {
                metric
            },
            by,
            key: given
                .get("key", "the number of a key", |text| text.parse().ok())?
                .map(KeyId),
            model: given.text("model").map(str::to_owned),
            endpoint: given.one_of("endpoint", &Endpoint::ALL, Endpoint::path)?,
        };
        let (first, end) = question.buckets();
        if end - first > MOST_BUCKETS {
            return Err(invalid(format!(
                "The range has {} {}s; an answer has {MOST_BUCKETS} at most. Choose a shorter range or a coarser granularity.",
                end - first,
                granularity.name(),
            )));
        }
        Ok(question)
    }

    /// The numbers of the first bucket and of the one after the last.
    pub fn buckets(&self) -> (i64, i64) {
        let span = self.span();
        (span.bucket(self.from), span.bucket(UnixMillis(self.to.0 - 1)) + 1)
    }

    /// The span of a bucket.
    pub fn span(&self) -> Span {
        match self.granularity {
            Granularity::Hour => Span::Hour,
            Granularity::Day => Span::Day,
            Granularity::Month => Span::Month,
        }
    }

    /// The question to the store, of the whole range and not split by time.
    pub fn to_store(&self) -> UsageQuery {
        let (first, end) = self.buckets();
        UsageQuery {
            from: self.span().start(first),
            to: self.span().start(end),
            span: Span::Hour,
            series: false,
            by: match self.by {
                Grouping::Key => Some(GroupBy::Key),
                Grouping::Model => Some(GroupBy::Model),
                Grouping::Endpoint => Some(GroupBy::Endpoint),
                Grouping::Outcome | Grouping::None => None,
            },
            keys: self.key.into_iter().collect(),
            model: self.model.clone(),
            endpoint: self.endpoint,
        }
    }
}

/// The range that is asked for: one that ends now, or one with a beginning and an end of its own.
fn range(given: &Parameters<'_>, now: UnixMillis) -> Result<(UnixMillis, UnixMillis), ApiError> {
    let named = given.one_of("range", &RANGES, |range| range)?;
    // A form that shows both sends both: what counts is the range that was chosen.
    let own =
        named.is_none_or(|named| named == "custom") && (given.text("from").is_some() || given.text("to").is_some());
    let end = UnixMillis(now.0 + 1);
    if own {
        let moment = |name| {
            given.get(
                name,
                "a day or a moment in UTC, such as 2026-04-26 or 2026-04-26T09:30",
                calendar::parse,
            )
        };
        let from = moment("from")?.unwrap_or(UnixMillis(now.0 - 6 * calendar::DAY));
        // A day that is named as the end is meant with all its hours.
        let to_day = given.text("to").is_some_and(|text| !text.contains('T'));
        let to = moment("to")?.map_or(end, |to| UnixMillis(to.0 + if to_day { calendar::DAY } else { 0 }));
        if to <= from {
            return Err(invalid("The range must end after it begins.".to_owned()));
        }
        return Ok((from, to));
    }
    let today = now.0.div_euclid(calendar::DAY);
    let days = |count: i64| UnixMillis((today - count + 1) * calendar::DAY);
    let months = |count: i64| calendar::start_of_month(calendar::month(now) - count + 1);
    let from = match named {
        Some("24h") => UnixMillis((now.0.div_euclid(calendar::HOUR) - 23) * calendar::HOUR),
        Some("30d") => days(30),
        Some("90d") => days(90),
        Some("12m") => months(12),
        Some("24m") => months(24),
        _ => days(7),
    };
    Ok((from, end))
}

/// The granularity that gives a range some tens of buckets.
fn fitting(from: UnixMillis, to: UnixMillis) -> Granularity {
    match to.0.saturating_sub(from.0) / calendar::DAY {
        days if days <= 2 => Granularity::Hour,
        days if days <= 120 => Granularity::Day,
        _ => Granularity::Month,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quarter past two in the afternoon.
    fn now() -> UnixMillis {
        calendar::parse("2026-11-26T14:15").unwrap()
    }

    fn read(query: &str) -> UsageQuestion {
        UsageQuestion::read(query, now()).unwrap()
    }

    fn refusal(query: &str) -> String {
        let error = UsageQuestion::read(query, now()).unwrap_err();
        assert_eq!(error.status, 422);
        error.message
    }

    #[test]
    fn ranges_begin_with_a_whole_bucket_and_end_now() {
        for (query, from, granularity, buckets) in [
            ("", "2026-11-20", Granularity::Day, 7),
            ("range=24h", "2026-11-25T15:00", Granularity::Hour, 24),
            ("range=30d&granularity=auto", "2026-10-28", Granularity::Day, 30),
            ("range=7d&granularity=hour", "2026-11-20", Granularity::Hour, 159),
            ("range=12m", "2025-12-01", Granularity::Month, 12),
            ("range=24m", "2024-12-01", Granularity::Month, 24),
            ("from=2026-11-01&to=2026-11-02", "2026-11-01", Granularity::Hour, 48),
            ("range=custom", "2026-11-20", Granularity::Day, 7),
            ("range=7d&from=2025-01-01", "2026-11-20", Granularity::Day, 7),
        ] {
            let question = read(query);
            let (first, end) = question.buckets();
            assert_eq!(question.from, calendar::parse(from).unwrap(), "{query}");
            assert_eq!((question.granularity, end - first), (granularity, buckets), "{query}");
        }
    }

    #[test]
    fn filters_and_names_are_read() {
        let question = read("metric=prompt_tokens&by=model&key=7&model=a%25b&endpoint=%2Fv1%2Fmessages");
        assert_eq!((question.metric, question.by), (Metric::PromptTokens, Grouping::Model));
        assert_eq!((question.key, question.model.as_deref()), (Some(KeyId(7)), Some("a%b")));
        assert_eq!(question.endpoint, Some(Endpoint::Messages));
        assert_eq!(read("by=outcome&metric=errors").metric, Metric::Requests);
    }

    #[test]
    fn what_cannot_be_answered_is_refused_in_words() {
        assert!(refusal("range=forever").contains("range is \"forever\"; it must be one of 24h"));
        assert!(refusal("from=yesterday").contains("2026-04-26"));
        assert!(refusal("from=2026-01-02&to=2026-01-01T05:00").contains("must end after it begins"));
        assert!(refusal("from=0001-01-01&to=9999-12-31").contains("400 at most"));
        assert!(refusal("range=90d&granularity=hour").contains("2151 hours; an answer has 400 at most"));
        assert!(refusal("key=' OR 1=1 --").contains("number of a key"));
        assert!(refusal("by=owner").contains("one of key, model, endpoint, outcome, none"));
    }
}
