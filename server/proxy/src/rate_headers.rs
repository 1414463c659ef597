//! What is left of a key's limits, in the headers that each dialect's SDKs show.
//!
//! OpenAI: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, the reset as a duration such as `1m30s`.
//! Anthropic: `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`, the reset as a time in RFC 3339.

use std::{mem, time::Duration};

use bytes::BytesMut;
use http::{HeaderName, HeaderValue};
use worv_core::{UnixMillis, calendar::iso};

use crate::{account::Holder, dialect::Dialect};

/// Bytes that all values together hardly ever go beyond.
const USUAL_TEXT: usize = 128;

/// The names of limit, remaining and reset.
type Names = [HeaderName; 3];

const OPENAI_REQUESTS: Names = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
const OPENAI_TOKENS: Names = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];
const ANTHROPIC_REQUESTS: Names = [
    HeaderName::from_static("anthropic-ratelimit-requests-limit"),
    HeaderName::from_static("anthropic-ratelimit-requests-remaining"),
    HeaderName::from_static("anthropic-ratelimit-requests-reset"),
];
const ANTHROPIC_TOKENS: Names = [
    HeaderName::from_static("anthropic-ratelimit-tokens-limit"),
    HeaderName::from_static("anthropic-ratelimit-tokens-remaining"),
    HeaderName::from_static("anthropic-ratelimit-tokens-reset"),
];

/// The headers for each limit by the minute that the key has.
pub(crate) fn of(dialect: Dialect, holder: &Holder, now: UnixMillis) -> Vec<(HeaderName, HeaderValue)> {
    let settings = &holder.grant.settings;
    if settings.requests_per_minute.is_none() && settings.tokens_per_minute.is_none() {
        return Vec::new();
    }
    let standing = holder.account.standing(settings, now);
    let (requests, tokens) = match dialect {
        Dialect::OpenAi => (OPENAI_REQUESTS, OPENAI_TOKENS),
        Dialect::Anthropic => (ANTHROPIC_REQUESTS, ANTHROPIC_TOKENS),
    };
    let limits = [(standing.requests, requests), (standing.tokens, tokens)];
    let limits = limits.into_iter().filter_map(|(left, names)| Some((left?, names)));
    // All values are written next to each other, and each is a part of that.
    let mut text = BytesMut::with_capacity(USUAL_TEXT);
    let mut ends = Vec::with_capacity(2 * 3);
    for (left, names) in limits {
        let [limit, remaining, reset] = names;
        write_number(&mut text, left.limit);
        ends.push((limit, text.len()));
        write_number(&mut text, left.remaining);
        ends.push((remaining, text.len()));
        match dialect {
            Dialect::OpenAi => write_duration(&mut text, left.reset),
            Dialect::Anthropic => {
                text.extend_from_slice(iso(now.plus(left.reset + Duration::from_millis(999))).as_bytes());
            }
        }
        ends.push((reset, text.len()));
    }
    let (text, mut start) = (text.freeze(), 0);
    let headers = ends.into_iter().filter_map(|(name, end)| {
        let value = text.slice(mem::replace(&mut start, end)..end);
        Some((name, HeaderValue::from_maybe_shared(value).ok()?))
    });
    headers.collect()
}

fn write_number(text: &mut BytesMut, number: u64) {
    text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// A duration as OpenAI writes it: `17ms`, `1s`, `6m0s`.
fn write_duration(text: &mut BytesMut, duration: Duration) {
    let seconds = duration.as_secs() + u64::from(duration.subsec_millis() > 0);
    let parts = match (duration.as_secs(), seconds) {
        (0, _) => [None, Some((duration.subsec_millis().into(), "ms"))],
        (_, 0..60) => [None, Some((seconds, "s"))],
        _ => [Some((seconds / 60, "m")), Some((seconds % 60, "s"))],
    };
    for (number, unit) in parts.into_iter().flatten() {
        write_number(text, number);
        text.extend_from_slice(unit.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_openai_writes_them() {
        let cases = [
            (0, "0ms"),
            (17, "17ms"),
            (1_000, "1s"),
            (1_001, "2s"),
            (59_001, "1m0s"),
            (90_000, "1m30s"),
        ];
        for (millis, expected) in cases {
            let mut text = BytesMut::new();
            write_duration(&mut text, Duration::from_millis(millis));
            assert_eq!(text, expected);
        }
    }
}
