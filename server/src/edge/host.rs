//! Host names: as they are configured, and as requests give them.

use std::fmt;

use axum::extract::Request;
use http::{HeaderValue, Version, header::HOST};
use serde::{Deserialize, Serialize};
use worv_proxy::Fields;

/// A host's name: labels of lower-case letters, digits and hyphens, without a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// A request that does not name its host, names two, or names one that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request does not name one host")]
pub struct AmbiguousHost;

/// The longest name (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;

/// The longest label (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;

/// The name of the host that a request is for, without port and trailing dot, in the letters' case that it came in.
/// `None` for HTTP/1.0, which need not name one.
///
/// HTTP/1.1 has it in `Host`, HTTP/2 in `:authority`, a request in absolute form in its target. RFC 9112, section 3.2.2,
/// lets the target win over `Host`; what stands in front of us may have looked at the other of the two, so they must agree.
pub fn requested_host(request: &Request) -> Result<Option<&str>, AmbiguousHost> {
    let header = one_host(request.headers().get_all(HOST).iter())?;
    let target = request.uri().authority().map(http::uri::Authority::as_str);
    match (header, target) {
        (Some(authority), None) | (None, Some(authority)) => Ok(Some(parse(authority)?.0)),
        (Some(header), Some(target)) => {
            let (header, target) = (parse(header)?, parse(target)?);
            let agree = header.0.eq_ignore_ascii_case(target.0) && header.1 == target.1;
            if agree { Ok(Some(target.0)) } else { Err(AmbiguousHost) }
        }
        (None, None) if request.version() < Version::HTTP_11 => Ok(None),
        (None, None) => Err(AmbiguousHost),
    }
}

/// The same by the header alone: what a request of HTTP/1.1 is for whose target is a path.
pub fn host_in(fields: &Fields) -> Result<&str, AmbiguousHost> {
    let field = one_host(fields.get_all(&HOST))?.ok_or(AmbiguousHost)?;
    parse(field).map(|(name, _)| name)
}

fn one_host<'a>(mut values: impl Iterator<Item = &'a HeaderValue>) -> Result<Option<&'a str>, AmbiguousHost> {
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| AmbiguousHost),
        (Some(_), Some(_)) => Err(AmbiguousHost),
    }
}

/// The name and the port of `NAME[:PORT]`.
fn parse(authority: &str) -> Result<(&str, Option<u16>), AmbiguousHost> {
    let after_literal = authority.strip_prefix('[').and_then(|rest| rest.find(']'));
    let (name, rest) = match after_literal {
        Some(end) => authority.split_at(end + 2),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        // An empty port is the default one (RFC 3986, section 3.2.3).
        Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| AmbiguousHost)?)
        }
        _ => return Err(AmbiguousHost),
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let possible = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~[]:".contains(&byte);
    if name.is_empty() || !name.bytes().all(possible) {
        return Err(AmbiguousHost);
    }
    Ok((name, port))
}

impl HostName {
    /// Whether `name` is this one. Host names do not tell upper from lower case.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }

    /// The name, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.to_ascii_lowercase();
        let is_label = |label: &str| {
            let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            allowed && (1..=MAX_LABEL).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
        };
        if name.len() > MAX_NAME || !name.split('.').all(is_label) {
            return Err(format!(
                "{text:?} is not a host name: give one such as proxy.example.com, without scheme, port or path"
            ));
        }
        Ok(Self(name))
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(target: &str, hosts: &[&str]) -> Result<Option<String>, AmbiguousHost> {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let request = request.body(Body::empty()).unwrap();
        requested_host(&request).map(|name| name.map(str::to_owned))
    }

    #[test]
    fn a_host_is_found_in_every_form_of_a_request() {
        for (target, hosts, name) in [
            ("/v1/models", &["proxy.test"][..], "proxy.test"),
            ("/", &["proxy.test:8443"], "proxy.test"),
            ("/", &["proxy.test."], "proxy.test"),
            ("/", &["proxy.test.:80"], "proxy.test"),
            ("/", &["proxy.test:"], "proxy.test"),
            ("/", &["[::1]:3000"], "[::1]"),
            ("http://proxy.test/", &[], "proxy.test"),
            ("http://proxy.test:80/", &["Proxy.Test:80"], "proxy.test"),
        ] {
            assert_eq!(asked(target, hosts), Ok(Some(name.to_owned())), "{target} {hosts:?}");
        }
    }

    #[test]
    fn tricks_with_the_host_are_refused() {
        for (target, hosts) in [
            ("/", &[][..]),
            ("/", &[""]),
            ("/", &["."]),
            ("/", &["proxy.test", "proxy.test"]),
            ("/", &["proxy.test, admin.test"]),
            ("/", &["proxy.test admin.test"]),
            ("/", &["proxy.test/admin"]),
            ("/", &["user@proxy.test"]),
            ("/", &["proxy.test:80:81"]),
            ("/", &["proxy.test:99999"]),
            ("/", &["proxy.test:+80"]),
            ("/", &["[::1]x"]),
            ("/", &["[::1"]),
            ("http://admin.test/", &["proxy.test"]),
            ("http://proxy.test:81/", &["proxy.test:82"]),
        ] {
            assert_eq!(asked(target, hosts), Err(AmbiguousHost), "{target} {hosts:?}");
        }
    }

    #[test]
    fn http_1_0_need_not_name_a_host() {
        let mut request = Request::new(Body::empty());
        *request.version_mut() = Version::HTTP_10;
        assert_eq!(requested_host(&request), Ok(None));
    }

    #[test]
    fn a_configured_name_is_a_name_and_nothing_more() {
        for wrong in [
            "",
            "https://a.test",
            "a.test:443",
            "a.test/",
            "a..test",
            "-a.test",
            "a_b.test",
            "*.test",
        ] {
            let complaint = HostName::try_from(wrong.to_owned()).unwrap_err();
            assert!(complaint.contains("is not a host name"), "{complaint}");
        }
        let name = HostName::try_from("Proxy.Example".to_owned()).unwrap();
        assert!(name.is("PROXY.example"));
        assert!(!name.is("proxy.example.evil"));
    }
}
