//! Addresses of images, sound and video in a request. The engine fetches them from inside the private network,
//! so only public ones, and data that comes along, are accepted.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use reqwest::Url;

use crate::{
    error::ApiError,
    json::{Object, elements, string},
};

/// The members of a content block that hold an address, either as a string or as an object with `url`.
const HOLDERS: [&str; 4] = ["image_url", "audio_url", "video_url", "file_url"];

/// The member that holds one only as an object with `url`: as a string it says where text was found.
const SOURCE: &str = "source";

/// The members of a request that hold content: turns, what is to be embedded, and what is scored or ranked.
const CONTENTS: [&str; 10] = [
    "messages",
    "input",
    "query",
    "queries",
    "documents",
    "items",
    "data_1",
    "data_2",
    "text_1",
    "text_2",
];

/// Deepest nesting of content in content: a tool's result in a turn.
const MAX_NESTING: u32 = 3;

/// Refuses a request that would make the engine fetch from a private, loopback or file address.
pub(crate) fn check(object: &Object<'_>) -> Result<(), ApiError> {
    let seen = object.seen();
    // Whatever holds an address has a name that ends in `url`, written out or with escapes, which mean the same to the
    // engine.
    if seen.url || seen.unicode_escape {
        for content in CONTENTS.iter().filter_map(|name| object.get(name)) {
            check_content(content, MAX_NESTING)?;
        }
    }
    Ok(())
}

/// Checks turns, or the blocks of one turn, or a single one of them.
fn check_content(content: &str, nesting: u32) -> Result<(), ApiError> {
    match elements(content) {
        Ok(items) => items.into_iter().try_for_each(|item| check_item(item, nesting)),
        Err(_) => check_item(content, nesting),
    }
}

fn check_item(item: &str, nesting: u32) -> Result<(), ApiError> {
    let Ok(item) = Object::parse(item) else { return Ok(()) };
    let held = HOLDERS.iter().filter_map(|holder| address(item.get(holder)?));
    for address in held.chain(item.get(SOURCE).and_then(url)) {
        if !is_public(&address) {
            return Err(ApiError::invalid(
                "Media must be sent as data or by a public http(s) URL.",
            ));
        }
    }
    for nested in ["content", "output"].iter().filter_map(|name| item.get(name)) {
        if nesting > 0 {
            check_content(nested, nesting - 1)?;
        }
    }
    Ok(())
}

fn address(holder: &str) -> Option<Cow<'_, str>> {
    string(holder).or_else(|| url(holder))
}

fn url(holder: &str) -> Option<Cow<'_, str>> {
    string(Object::parse(holder).ok()?.get("url")?)
}

fn is_public(address: &str) -> bool {
    // The parser reads numbers in every form that a resolver would: octal, hexadecimal, without dots.
    let Ok(url) = Url::parse(address) else { return false };
    match (url.scheme(), url.host_str()) {
        ("data", _) => true,
        ("http" | "https", Some(host)) => is_public_host(host),
        _ => false,
    }
}

fn is_public_host(host: &str) -> bool {
    if let Ok(ip) = host.trim_start_matches('[').trim_end_matches(']').parse() {
        return match ip {
            IpAddr::V4(ip) => is_public_v4(ip),
            IpAddr::V6(ip) => is_public_v6(ip),
        };
    }
    let host = host.trim_end_matches('.');
    let private = ["localhost", "local", "internal", "lan", "home", "intranet", "corp"];
    host.rsplit_once('.').is_some_and(|(_, last)| !private.contains(&last))
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xC0 == 64;
    let of_no_use = ip.octets()[0] == 0 || ip.octets()[0] >= 240;
    !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || shared || of_no_use)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    // Global unicast (RFC 4291), less the prefixes that carry an IPv4 address in them.
    let first = ip.segments()[0];
    ip.to_ipv4().is_none() && first & 0xE000 == 0x2000 && first != 0x2002 && !(first == 0x2001 && ip.segments()[1] == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        let public = [
            "https://example.com/a.png",
            "http://8.8.8.8/x",
            "data:image/png;base64,AA==",
            "https://[2606:4700::1]/",
        ];
        for address in public {
            assert!(is_public(address), "{address}");
        }
        let private = [
            "file:///etc/passwd",
            "http://localhost/",
            "http://localhost./",
            "http://metadata/",
            "http://metadata.google.internal/",
            "http://127.0.0.1:8000/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://10.0.0.1/",
            "http://172.16.0.1/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[2002:7f00:1::]/",
            "ftp://example.com/",
            "gopher://example.com/",
            "not a url",
        ];
        for address in private {
            assert!(!is_public(address), "{address}");
        }
    }

    #[test]
    fn addresses_are_found_wherever_the_engine_would_fetch_and_nowhere_else() {
        let local = "http://127.0.0.1/";
        let refused = [
            format!(r#"{{"messages":[{{"content":[{{"type":"image_url","image_url":{{"url":"{local}"}}}}]}}]}}"#),
            format!(
                r#"{{"messages":[{{"content":[{{"type":"image_url","\u0069mage_url":{{"\u0075rl":"{local}"}}}}]}}]}}"#
            ),
            format!(r#"{{"messages":[{{"content":[{{"type":"image","source":{{"type":"url","url":"{local}"}}}}]}}]}}"#),
            format!(
                r#"{{"messages":[{{"content":[{{"type":"tool_result","content":[{{"type":"image","source":{{"url":"{local}"}}}}]}}]}}]}}"#
            ),
            format!(r#"{{"input":[{{"content":[{{"type":"input_image","image_url":"{local}"}}]}}]}}"#),
            format!(r#"{{"documents":{{"content":[{{"image_url":{{"url":"{local}"}}}}]}}}}"#),
            format!(r#"{{"queries":[{{"content":[{{"image_url":{{"url":"{local}"}}}}]}}]}}"#),
            r#"{"messages":[{"content":[{"image_\u0075rl":{"\u0075rl":"http://169.254.169.254/"}}]}]}"#.to_owned(),
        ];
        for body in refused {
            assert!(check(&Object::parse(&body).unwrap()).is_err(), "{body}");
        }
        let accepted = [
            format!(r#"{{"messages":[{{"content":"see {local} url"}}]}}"#),
            format!(r#"{{"messages":[{{"content":[{{"type":"tool_use","input":{{"url":"{local}"}}}}]}}]}}"#),
            r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#
                .to_owned(),
            r#"{"input":"url"}"#.to_owned(),
            r#"{"messages":[{"content":[{"type":"search_result","source":"kb/article-12","content":[{"type":"text","text":"url"}]}]}]}"#
                .to_owned(),
        ];
        for body in accepted {
            assert!(check(&Object::parse(&body).unwrap()).is_ok(), "{body}");
        }
    }
}
