//! Plain HTTP beside HTTPS: every address leads to the same one there.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header::LOCATION};

use super::{Hosts, ambiguous, host::requested_host, misdirected};
use crate::tls::Challenges;

/// The port that an `https://` address has when it names none.
const HTTPS_PORT: u16 = 443;

/// Answers 301 with the same address under `https://` at `port`, and an ACME server's questions (RFC 8555, section 8.3).
/// Names that are not ours get 421 here as well: nobody is led to a certificate that does not name them.
pub fn to_https(port: u16, hosts: Option<Hosts>, challenges: Challenges) -> Router {
    let hosts = Arc::new(hosts);
    let answer = move |Path(token): Path<String>| {
        let answer = challenges.answer(&token);
        async move { answer.ok_or(StatusCode::NOT_FOUND) }
    };
    Router::new()
        .route("/.well-known/acme-challenge/{token}", get(answer))
        .fallback(move |request: Request| {
            let redirect = redirect(&request, port, hosts.as_ref().as_ref());
            async move { redirect }
        })
}

fn redirect(request: &Request, port: u16, hosts: Option<&Hosts>) -> Response {
    let name = match requested_host(request) {
        Ok(Some(name)) => name,
        Ok(None) => return misdirected(),
        Err(_) => return ambiguous(),
    };
    if hosts.is_some_and(|hosts| !hosts.all().any(|host| host.is(name))) {
        return misdirected();
    }
    let port = if port == HTTPS_PORT {
        String::new()
    } else {
        format!(":{port}")
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    // `OPTIONS *` names no path.
    let path = if path.starts_with('/') { path } else { "/" };
    match HeaderValue::try_from(format!("https://{name}{port}{path}")) {
        Ok(address) => (StatusCode::MOVED_PERMANENTLY, [(LOCATION, address)]).into_response(),
        Err(_) => ambiguous(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn location(port: u16, host: &str, target: &str) -> Result<String, StatusCode> {
        let request = Request::builder().uri(target).header("host", host);
        let response = redirect(&request.body(Body::empty()).unwrap(), port, None);
        match response.headers().get(LOCATION) {
            Some(address) => Ok(address.to_str().unwrap().to_owned()),
            None => Err(response.status()),
        }
    }

    #[test]
    fn the_address_stays_the_same_but_for_the_scheme() {
        let expected = "https://proxy.test/v1/models?limit=1";
        assert_eq!(
            location(443, "proxy.test:80", "/v1/models?limit=1").as_deref(),
            Ok(expected)
        );
        assert_eq!(
            location(8443, "proxy.test", "/").as_deref(),
            Ok("https://proxy.test:8443/")
        );
        assert_eq!(location(443, "proxy.test", "*").as_deref(), Ok("https://proxy.test/"));
        let odd = "https://proxy.test//evil.test/%2e%2e";
        assert_eq!(location(443, "proxy.test", "//evil.test/%2e%2e").as_deref(), Ok(odd));
        assert_eq!(location(443, "proxy.test@evil.test", "/"), Err(StatusCode::BAD_REQUEST));
    }
}
