//! Which headers pass between caller and engine.
//!
//! Everything passes except what belongs to one connection, what identifies the caller, and what would steer the engine.

use std::sync::LazyLock;

use http::{HeaderName, HeaderValue, header};
use worv_core::id::RequestId;

use crate::fields::Fields;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
pub(crate) const X_WORV_MAX_OUTPUT_TOKENS: HeaderName = HeaderName::from_static("x-worv-max-output-tokens");
pub(crate) const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A header that is not passed on, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrippedHeader {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Every header that is never passed on from the caller to the engine, sorted by name.
pub const STRIPPED_FROM_REQUESTS: &[StrippedHeader] = &[
    stripped("accept-encoding", "the answer must arrive readable, to be metered"),
    stripped(
        "authorization",
        "the caller's key is ours to check and nobody else's to see",
    ),
    stripped("connection", "belongs to one connection"),
    stripped("content-length", "set anew"),
    stripped("cookie", "identifies the caller"),
    stripped("expect", "belongs to one connection"),
    stripped("forwarded", "identifies the caller"),
    stripped("host", "set anew"),
    stripped("keep-alive", "belongs to one connection"),
    stripped("proxy-authorization", "belongs to one connection"),
    stripped("proxy-connection", "belongs to one connection"),
    stripped("te", "belongs to one connection"),
    stripped("trailer", "belongs to one connection"),
    stripped("transfer-encoding", "belongs to one connection"),
    stripped("upgrade", "belongs to one connection"),
    stripped(
        "x-api-key",
        "the caller's key is ours to check and nobody else's to see",
    ),
    stripped(
        "x-data-parallel-rank",
        "pins the request to one data-parallel rank of the engine",
    ),
    stripped("x-forwarded-for", "identifies the caller"),
    stripped("x-real-ip", "identifies the caller"),
    stripped("x-request-id", "becomes the engine's request id: set anew"),
    stripped("x-session-id", "steers the engine's scheduler"),
    stripped("x-vllm-priority", "steers the engine's scheduler"),
];

/// Every header that is never passed on from the engine to the caller, sorted by name.
pub const STRIPPED_FROM_RESPONSES: &[StrippedHeader] = &[
    stripped("connection", "belongs to one connection"),
    stripped("content-length", "set anew"),
    stripped("date", "set anew"),
    stripped("keep-alive", "belongs to one connection"),
    stripped("proxy-authenticate", "belongs to one connection"),
    stripped("proxy-connection", "belongs to one connection"),
    stripped("server", "says more about the machine than callers need"),
    stripped("set-cookie", "an inference API has no cookies"),
    stripped("trailer", "belongs to one connection"),
    stripped("transfer-encoding", "belongs to one connection"),
    stripped("upgrade", "belongs to one connection"),
    stripped("www-authenticate", "would ask the caller for the engine's own key"),
    stripped("x-request-id", "set anew"),
];

const fn stripped(name: &'static str, reason: &'static str) -> StrippedHeader {
    StrippedHeader { name, reason }
}

/// A request's fields as the engine gets them, `set` in place of the caller's.
pub(crate) fn for_engine(
    mut fields: Fields,
    request_id: RequestId,
    set: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Fields {
    static STRIPPED: LazyLock<Names> = LazyLock::new(|| Names::of(STRIPPED_FROM_REQUESTS));
    strip(&mut fields, &STRIPPED);
    fields.append(X_REQUEST_ID, request_id_value(request_id));
    for (name, value) in set {
        fields.set(name, value);
    }
    fields
}

/// An answer's fields as the caller gets them.
pub(crate) fn for_caller(mut fields: Fields, request_id: RequestId) -> Fields {
    static STRIPPED: LazyLock<Names> = LazyLock::new(|| Names::of(STRIPPED_FROM_RESPONSES));
    strip(&mut fields, &STRIPPED);
    fields.append(X_REQUEST_ID, request_id_value(request_id));
    fields
}

/// A request id as a header value.
pub(crate) fn request_id_value(request_id: RequestId) -> HeaderValue {
    HeaderValue::from_bytes(&request_id.text()).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}

/// Names by their length, which tells most others from them.
struct Names(Vec<Vec<HeaderName>>);

impl Names {
    fn of(headers: &[StrippedHeader]) -> Self {
        let mut by_length = Vec::new();
        for header in headers {
            let length = header.name.len();
            by_length.resize_with(by_length.len().max(length + 1), Vec::new);
            by_length[length].push(HeaderName::from_static(header.name));
        }
        Self(by_length)
    }

    fn contain(&self, name: &HeaderName) -> bool {
        let as_long = self.0.get(name.as_str().len());
        as_long.is_some_and(|names| names.contains(name))
    }
}

/// Takes out what is `stripped`, and what belongs to the connection by its own word (RFC 9110, section 7.6.1).
fn strip(fields: &mut Fields, stripped: &Names) {
    let listed = fields.get_all(&header::CONNECTION);
    let listed = listed.filter_map(|value| value.to_str().ok());
    let listed = listed.flat_map(|value| value.split(',')).map(str::trim);
    // These two say something of the connection and name no field.
    let listed = listed.filter(|word| !word.eq_ignore_ascii_case("close") && !word.eq_ignore_ascii_case("keep-alive"));
    let listed: Vec<HeaderName> = listed.filter_map(|word| word.parse().ok()).collect();
    fields.retain(|name| !stripped.contain(name) && !listed.contains(name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_by_name() {
        for table in [STRIPPED_FROM_REQUESTS, STRIPPED_FROM_RESPONSES] {
            assert!(table.is_sorted_by_key(|rule| rule.name));
        }
    }

    #[test]
    fn credentials_hop_headers_and_steering_stop_here_and_the_rest_passes() {
        let from_caller = Fields::from_iter(
            [
                ("authorization", "Bearer secret"),
                ("x-api-key", "secret"),
                ("cookie", "a=b"),
                ("connection", "close, X-Hop"),
                ("x-hop", "1"),
                ("x-data-parallel-rank", "3"),
                ("x-request-id", "mine"),
                ("anthropic-beta", "effort"),
                ("content-type", "application/json"),
                ("content-type", "text/html"),
                ("anthropic-beta", "tools"),
            ]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
        );
        let request_id = RequestId::from_bytes([0; 16]);
        let plain = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))];
        let fields = for_engine(from_caller, request_id, plain);
        let id = request_id.to_string();
        let mut passed: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        passed.sort_unstable();
        assert_eq!(
            passed,
            [
                ("anthropic-beta", "effort"),
                ("anthropic-beta", "tools"),
                ("content-type", "text/plain"),
                ("x-request-id", &id),
            ]
        );
    }
}
