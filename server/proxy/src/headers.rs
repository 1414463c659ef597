//! Which headers pass between caller and engine.
//!
//! Everything passes except what belongs to one connection, what identifies the caller, and what would steer the engine.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use worv_core::id::RequestId;

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

/// The headers of a request as the engine gets them: the caller's, as far as they pass, and those that are set anew. They
/// are read where they are, since they are only written out once.
pub(crate) struct ForEngine<'a> {
    from_caller: &'a HeaderMap,
    set: Vec<(HeaderName, HeaderValue)>,
}

impl<'a> ForEngine<'a> {
    pub(crate) fn new(from_caller: &'a HeaderMap) -> Self {
        Self {
            from_caller,
            set: Vec::with_capacity(4),
        }
    }

    /// Sets one in place of the caller's, and of what was set before.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.set.retain(|(set, _)| *set != name);
        self.set.push((name, value));
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        static STRIPPED: LazyLock<Vec<HeaderName>> = LazyLock::new(|| names(STRIPPED_FROM_REQUESTS));
        let is_set = |name: &HeaderName| self.set.iter().any(|(set, _)| set == name);
        passing(self.from_caller, &STRIPPED)
            .filter(move |(name, _)| !is_set(name))
            .chain(self.set.iter().map(|(name, value)| (name, value)))
    }
}

/// The headers of an answer as the caller gets them, apart from those that are set anew.
pub(crate) fn for_caller(from_engine: &HeaderMap) -> HeaderMap {
    static STRIPPED: LazyLock<Vec<HeaderName>> = LazyLock::new(|| names(STRIPPED_FROM_RESPONSES));
    let mut passed = HeaderMap::with_capacity(from_engine.len() + 4);
    for (name, value) in passing(from_engine, &STRIPPED) {
        passed.append(name.clone(), value.clone());
    }
    passed
}

fn names(stripped: &[StrippedHeader]) -> Vec<HeaderName> {
    let names = stripped.iter().map(|header| HeaderName::from_static(header.name));
    names.collect()
}

/// A request id as a header value.
pub(crate) fn request_id_value(request_id: RequestId) -> HeaderValue {
    HeaderValue::from_bytes(&request_id.text()).unwrap_or_else(|_| HeaderValue::from_static("invalid"))
}

/// Those of `all` that are neither `stripped` nor belong to the connection by its own word. Names of the standard are
/// compared by a number, so that going through the list is quicker than searching it.
fn passing<'a>(
    all: &'a HeaderMap,
    stripped: &'a [HeaderName],
) -> impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)> {
    let connection: Vec<&str> = all
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let named_by_connection = move |name: &HeaderName| {
        let mut listed = connection.iter();
        listed.any(|listed| listed.eq_ignore_ascii_case(name.as_str()))
    };
    all.iter()
        .filter(move |(name, _)| !stripped.contains(name) && !named_by_connection(name))
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
        let mut from_caller = HeaderMap::from_iter(
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
        from_caller.append("anthropic-beta", HeaderValue::from_static("tools"));
        from_caller.append(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        let mut for_engine = ForEngine::new(&from_caller);
        for_engine.set(X_REQUEST_ID, HeaderValue::from_static("first"));
        for_engine.set(X_REQUEST_ID, HeaderValue::from_static("ours"));
        for_engine.set(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        let mut passed: Vec<_> = for_engine
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
                ("x-request-id", "ours")
            ]
        );
    }
}
