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
type Names = [&'static str; 3];

const OPENAI_REQUESTS: Names = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
];
const OPENAI_TOKENS: Names = [
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];
const ANTHROPIC_REQUESTS: Names = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];
const ANTHROPIC_TOKENS: Names = [
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
];

/// What is left of each limit by the minute that a key has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateHeaders {
    dialect: Dialect,
    requests: Option<Left>,
    tokens: Option<Left>,
    now: UnixMillis,
}

impl RateHeaders {
    /// As it is now, to be told in that dialect; none where the key has no such limit.
    pub(crate) fn of(dialect: Dialect, holder: &Holder, now: UnixMillis) -> Option<Self> {
        let settings = &holder.grant.settings;
        if settings.requests_per_minute.is_none() && settings.tokens_per_minute.is_none() {
            return None;
        }
        let standing = holder.account.standing(settings, now);
        Some(Self {
            dialect,
            requests: standing.requests,
            tokens: standing.tokens,
            now,
        })
    }

    /// Adds them to those of an answer.
    pub(crate) fn add_to(self, headers: &mut HeaderMap) {
        self.each(|name, value| {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        });
    }

    /// Gives each name with its value to `take`.
    pub(crate) fn each(self, mut take: impl FnMut(&'static str, &[u8])) {
        let (requests, tokens) = match self.dialect {
            Dialect::OpenAi => (OPENAI_REQUESTS, OPENAI_TOKENS),
            Dialect::Anthropic => (ANTHROPIC_REQUESTS, ANTHROPIC_TOKENS),
        };
        for (left, [limit, remaining, reset]) in [(self.requests, requests), (self.tokens, tokens)] {
            let Some(left) = left else { continue };
            let mut digits = itoa::Buffer::new();
            take(limit, digits.format(left.limit).as_bytes());
            take(remaining, digits.format(left.remaining).as_bytes());
            match self.dialect {
                Dialect::OpenAi => take(reset, &duration(left.reset)),
                Dialect::Anthropic => {
                    let at = self.now.plus(left.reset + Duration::from_millis(999));
                    take(reset, iso(at).as_bytes());
                }
            }
        }
    }
}

/// A duration as OpenAI writes it: `17ms`, `1s`, `6m0s`.
fn duration(duration: Duration) -> Vec<u8> {
    let seconds = duration.as_secs() + u64::from(duration.subsec_millis() > 0);
    let parts = match (duration.as_secs(), seconds) {
        (0, _) => [None, Some((duration.subsec_millis().into(), "ms"))],
        (_, 0..60) => [None, Some((seconds, "s"))],
        _ => [Some((seconds / 60, "m")), Some((seconds % 60, "s"))],
    };
    let (mut text, mut digits) = (Vec::with_capacity(8), itoa::Buffer::new());
    for (number, unit) in parts.into_iter().flatten() {
        text.extend_from_slice(digits.format::<u64>(number).as_bytes());
        text.extend_from_slice(unit.as_bytes());
    }
    text
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
            assert_eq!(duration(Duration::from_millis(millis)), expected.as_bytes());
        }
    }
}
