//! What is left of a key's limits, in the headers that each dialect's SDKs show.
//!
//! OpenAI: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, the reset as a duration such as `1m30s`.
//! Anthropic: `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`, the reset as a time in RFC 3339.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use worv_core::{UnixMillis, calendar::iso};

use crate::{
    account::{Holder, Left},
    dialect::Dialect,
};

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

/// Adds the headers for each limit by the minute that the key has.
pub(crate) fn add(headers: &mut HeaderMap, dialect: Dialect, holder: &Holder, now: UnixMillis) {
    let settings = &holder.grant.settings;
    if settings.requests_per_minute.is_none() && settings.tokens_per_minute.is_none() {
        return;
    }
    let standing = holder.account.standing(settings, now);
    let (requests, tokens) = match dialect {
        Dialect::OpenAi => (OPENAI_REQUESTS, OPENAI_TOKENS),
        Dialect::Anthropic => (ANTHROPIC_REQUESTS, ANTHROPIC_TOKENS),
    };
    for (left, names) in [(standing.requests, requests), (standing.tokens, tokens)] {
        let Some(Left {
            limit,
            remaining,
            reset,
        }) = left
        else {
            continue;
        };
        let reset = match dialect {
            Dialect::OpenAi => duration(reset),
            Dialect::Anthropic => iso(now.plus(reset + Duration::from_millis(999))),
        };
        let [limit_name, remaining_name, reset_name] = names;
        headers.insert(limit_name, limit.into());
        headers.insert(remaining_name, remaining.into());
        if let Ok(reset) = HeaderValue::from_str(&reset) {
            headers.insert(reset_name, reset);
        }
    }
}

/// A duration as OpenAI writes it: `17ms`, `1s`, `6m0s`.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1_000);
    match (duration.as_millis(), seconds) {
        (millis @ 0..1_000, _) => format!("{millis}ms"),
        (_, seconds @ 0..60) => format!("{seconds}s"),
        _ => format!("{}m{}s", seconds / 60, seconds % 60),
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
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
    }
}
