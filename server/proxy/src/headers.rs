//! Which headers pass between caller and engine.
//!
//! Everything passes except what belongs to one connection, what identifies the caller, and what would steer the engine.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use worv_core::id::RequestId;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
pub(crate) const X_WORV_MAX_OUTPUT_TOKENS: HeaderName = HeaderName::from_static("x-worv-max-output-tokens");
pub(crate) const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Never passed on from the caller, with the reason.
const STRIPPED_FROM_REQUESTS: &[(&str, &str)] = &[
    ("accept-encoding", "the answer must arrive readable, to be metered"),
    (
        "authorization",
        "the caller's key is ours to check and nobody else's to see",
    ),
    ("connection", "belongs to one connection"),
    ("content-length", "set anew"),
    ("cookie", "identifies the caller"),
    ("expect", "belongs to one connection"),
    ("forwarded", "identifies the caller"),
    ("host", "set anew"),
    ("keep-alive", "belongs to one connection"),
    ("proxy-authorization", "belongs to one connection"),
    ("proxy-connection", "belongs to one connection"),
    ("te", "belongs to one connection"),
    ("trailer", "belongs to one connection"),
    ("transfer-encoding", "belongs to one connection"),
    ("upgrade", "belongs to one connection"),
    (
        "x-api-key",
        "the caller's key is ours to check and nobody else's to see",
    ),
    (
        "x-data-parallel-rank",
        "pins the request to one data-parallel rank of the engine",
    ),
    ("x-forwarded-for", "identifies the caller"),
    ("x-real-ip", "identifies the caller"),
    ("x-request-id", "becomes the engine's request id: set anew"),
    ("x-session-id", "steers the engine's scheduler"),
    ("x-vllm-priority", "steers the engine's scheduler"),
];

/// Never passed on from the engine, with the reason.
const STRIPPED_FROM_RESPONSES: &[(&str, &str)] = &[
    ("connection", "belongs to one connection"),
    ("content-length", "set anew"),
    ("date", "set anew"),
    ("keep-alive", "belongs to one connection"),
    ("proxy-authenticate", "belongs to one connection"),
    ("proxy-connection", "belongs to one connection"),
    ("server", "says more about the machine than callers need"),
    ("set-cookie", "an inference API has no cookies"),
    ("trailer", "belongs to one connection"),
    ("transfer-encoding", "belongs to one connection"),
    ("upgrade", "belongs to one connection"),
    ("www-authenticate", "would ask the caller for the engine's own key"),
    ("x-request-id", "set anew"),
];

/// The headers of a request as the engine gets them, apart from those that are set anew.
pub(crate) fn for_engine(from_caller: &HeaderMap) -> HeaderMap {
    passed(from_caller, STRIPPED_FROM_REQUESTS)
}

/// The headers of an answer as the caller gets them, apart from those that are set anew.
pub(crate) fn for_caller(from_engine: &HeaderMap) -> HeaderMap {
    passed(from_engine, STRIPPED_FROM_RESPONSES)
}

/// A request id as a header value.
pub(crate) fn request_id_value(request_id: RequestId) -> HeaderValue {
    HeaderValue::from_str(&request_id.to_string()).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}

fn passed(all: &HeaderMap, stripped: &[(&str, &str)]) -> HeaderMap {
    let named_by_connection = |name: &HeaderName| {
        let connection = all.get_all(header::CONNECTION).iter();
        let mut names = connection
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        names.any(|listed| listed.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let is_stripped = |name: &HeaderName| stripped.binary_search_by_key(&name.as_str(), |rule| rule.0).is_ok();
    let mut passed = HeaderMap::with_capacity(all.len() + 4);
    for (name, value) in all {
        if !is_stripped(name) && !named_by_connection(name) {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_as_their_search_needs() {
        for table in [STRIPPED_FROM_REQUESTS, STRIPPED_FROM_RESPONSES] {
            assert!(table.is_sorted_by_key(|rule| rule.0));
        }
    }

    #[test]
    fn credentials_hop_headers_and_steering_stop_here_and_the_rest_passes() {
        let from_caller = HeaderMap::from_iter(
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
            ]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
        );
        let passed = for_engine(&from_caller);
        let mut names: Vec<_> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["anthropic-beta", "content-type"]);
    }
}
