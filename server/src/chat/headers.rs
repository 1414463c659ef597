//! Which headers pass between the browser and Open WebUI.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::cookies;

/// What belongs to one connection (RFC 9110, section 7.6.1), besides what `Connection` names.
const OF_ONE_CONNECTION: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What tells who the client is; set anew.
const OF_THE_CLIENT: [&str; 6] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];

/// The headers of a request as Open WebUI gets them.
pub fn for_upstream(from_browser: &HeaderMap, client: Option<IpAddr>, scheme: &'static str) -> HeaderMap {
    let mut headers = without_connection(from_browser);
    for name in OF_THE_CLIENT {
        headers.remove(name);
    }
    if let Some(cookies) = cookies::for_upstream(from_browser) {
        headers.insert(header::COOKIE, cookies);
    } else {
        headers.remove(header::COOKIE);
    }
    let address = client.and_then(|address| HeaderValue::try_from(address.to_string()).ok());
    let host = from_browser.get(header::HOST).cloned();
    for (name, value) in [
        ("x-forwarded-for", address),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", Some(HeaderValue::from_static(scheme))),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    headers
}

/// The headers of an answer as the browser gets them.
pub fn for_browser(from_upstream: &HeaderMap) -> HeaderMap {
    let mut headers = without_connection(from_upstream);
    headers.remove(header::SET_COOKIE);
    for cookie in from_upstream.get_all(header::SET_COOKIE) {
        if let Some(cookie) = cookies::for_browser(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    headers
}

fn without_connection(all: &HeaderMap) -> HeaderMap {
    let named = |name: &HeaderName| {
        let mut lines = all
            .get_all(header::CONNECTION)
            .iter()
            .filter_map(|line| line.to_str().ok());
        lines.any(|line| {
            line.split(',')
                .any(|named| named.trim().eq_ignore_ascii_case(name.as_str()))
        })
    };
    let mut kept = HeaderMap::with_capacity(all.len() + 3);
    for (name, value) in all {
        if !OF_ONE_CONNECTION.contains(&name.as_str()) && !named(name) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_connection_stays_there_and_nobody_makes_up_an_address() {
        let from_browser = HeaderMap::from_iter(
            [
                ("host", "chat.test"),
                ("connection", "keep-alive, X-Hop"),
                ("x-hop", "1"),
                ("upgrade", "h2c"),
                ("te", "trailers"),
                ("x-forwarded-for", "192.0.2.1"),
                ("x-forwarded-proto", "gopher"),
                ("forwarded", "for=192.0.2.1"),
                ("accept", "*/*"),
            ]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))),
        );
        let client = "203.0.113.7".parse().ok();
        let passed = for_upstream(&from_browser, client, "https");
        let mut passed: Vec<_> = passed
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        passed.sort_unstable();
        let expected = [
            ("accept", "*/*"),
            ("host", "chat.test"),
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-host", "chat.test"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(passed, expected);
    }
}
