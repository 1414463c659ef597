//! With `server.proxy_protocol`, a trusted proxy names the client before the first request.

use crate::gateway::Gateway;

const TRUSTED: [(&str, &str); 2] = [
    ("WORV_SERVER__PROXY_PROTOCOL", "true"),
    ("WORV_SERVER__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#),
];

const HEADER: &str = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n";
const REQUEST: &str = "GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

#[test]
fn a_trusted_proxy_must_begin_with_the_header() {
    let gateway = Gateway::start(&TRUSTED);
    let answer = gateway.exchange(&format!("{HEADER}{REQUEST}"));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(gateway.exchange(REQUEST), "", "what begins without it is not answered");
    assert_eq!(gateway.address_in_audit_log(HEADER), "203.0.113.7");
}

#[test]
fn nobody_else_may_send_it() {
    let gateway = Gateway::start(&[("WORV_SERVER__PROXY_PROTOCOL", "true")]);
    let answer = gateway.exchange(&format!("{HEADER}{REQUEST}"));
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let answer = gateway.exchange(REQUEST);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
