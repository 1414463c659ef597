//! Finds the key in a request and asks the table for its grant: one path for both headers.

use std::sync::Arc;

use http::{HeaderName, header::AUTHORIZATION};
use worv_core::UnixMillis;

use crate::{
    account::Holder,
    error::ApiError,
    fields::Fields,
    keys::{KeyRefusal, Keys},
};

/// Where Anthropic's SDKs put the key.
pub(crate) static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Longest text that is looked at as a key, in bytes.
const MAX_KEY_LENGTH: usize = 512;

/// Why a request is not made in any key's name. The log tells the reasons apart, the caller is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// There is no key that could be looked up.
    Unreadable(Unreadable),
    /// The key is not accepted.
    Refused(KeyRefusal),
}

/// Why a request has no key that could be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Missing,
    Malformed,
    /// Two headers carry different keys, so it is not clear in whose name the request is made.
    Contradictory,
}

/// The grant of the key in `headers`.
pub(crate) fn authenticate(headers: &Fields, keys: &Keys, now: UnixMillis) -> Result<Arc<Holder>, KeyError> {
    let presented = presented_key(headers).map_err(KeyError::Unreadable)?;
    keys.admit(presented, now).map_err(KeyError::Refused)
}

impl KeyError {
    /// What the caller is told; the reason goes to the log.
    pub(crate) fn into_error(self) -> ApiError {
        match self {
            Self::Unreadable(reason) => tracing::info!(?reason, "request without a usable key"),
            Self::Refused(reason) => tracing::info!(?reason, "key refused"),
        }
        match self {
            Self::Unreadable(_)
            | Self::Refused(KeyRefusal::Unknown | KeyRefusal::Revoked | KeyRefusal::Expired | KeyRefusal::Suspended) => {
                ApiError::unauthenticated()
            }
            Self::Refused(KeyRefusal::CannotTell) => ApiError::unavailable(
                "keys_unavailable",
                "API keys cannot be checked at the moment. Try again in a few seconds.",
            ),
        }
    }
}

/// The key from `Authorization: Bearer` or `x-api-key`. Some clients send both; then they have to agree.
fn presented_key(headers: &Fields) -> Result<&str, Unreadable> {
    let mut found = None;
    let bearer = headers.get_all(&AUTHORIZATION).map(|value| (value, true));
    let plain = headers.get_all(&X_API_KEY).map(|value| (value, false));
    for (value, has_scheme) in bearer.chain(plain) {
        let text = value.to_str().map_err(|_| Unreadable::Malformed)?;
        let key = if has_scheme {
            strip_bearer(text).ok_or(Unreadable::Malformed)?
        } else {
            text
        };
        let key = key.trim_matches(' ');
        if key.is_empty() || key.len() > MAX_KEY_LENGTH {
            return Err(Unreadable::Malformed);
        }
        if found.is_some_and(|earlier| earlier != key) {
            return Err(Unreadable::Contradictory);
        }
        found = Some(key);
    }
    found.ok_or(Unreadable::Missing)
}

/// What follows the scheme, whose name is compared without regard to case (RFC 9110, section 11.1).
fn strip_bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn one_table_for_both_headers() {
        type Sent = &'static [(&'static str, &'static str)];
        let cases: &[(Sent, Result<&str, Unreadable>)] = &[
            (&[], Err(Unreadable::Missing)),
            (&[("authorization", "Bearer k")], Ok("k")),
            (&[("authorization", "bearer  k ")], Ok("k")),
            (&[("x-api-key", "k")], Ok("k")),
            (&[("authorization", "Bearer k"), ("x-api-key", "k")], Ok("k")),
            (
                &[("authorization", "Bearer k"), ("x-api-key", "other")],
                Err(Unreadable::Contradictory),
            ),
            (
                &[("x-api-key", "k"), ("x-api-key", "other")],
                Err(Unreadable::Contradictory),
            ),
            (&[("authorization", "Basic azpr")], Err(Unreadable::Malformed)),
            (
                &[("authorization", "Basic azpr"), ("x-api-key", "k")],
                Err(Unreadable::Malformed),
            ),
            (&[("authorization", "k")], Err(Unreadable::Malformed)),
            (&[("authorization", "Bearer ")], Err(Unreadable::Malformed)),
            (&[("x-api-key", "")], Err(Unreadable::Malformed)),
            (&[("x-api-key", "schlüssel")], Err(Unreadable::Malformed)),
        ];
        for (sent, expected) in cases {
            let mut headers = Fields::default();
            for (name, value) in *sent {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                headers.append(HeaderName::from_static(name), value);
            }
            assert_eq!(presented_key(&headers), *expected, "{sent:?}");
        }
    }

    #[test]
    fn endless_keys_are_not_hashed() {
        let mut headers = Fields::default();
        headers.append(
            X_API_KEY.clone(),
            HeaderValue::from_str(&"k".repeat(MAX_KEY_LENGTH + 1)).unwrap(),
        );
        assert_eq!(presented_key(&headers), Err(Unreadable::Malformed));
    }
}
