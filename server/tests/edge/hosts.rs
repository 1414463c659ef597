//! With `[hosts]`, each site answers under its own name only, whatever a request does to look like another's.

use crate::gateway::Gateway;

const HOSTS: [(&str, &str); 2] = [
    ("WORV_HOSTS__PROXY", "proxy.test"),
    ("WORV_HOSTS__ADMIN", "admin.proxy.test"),
];

#[track_caller]
fn answers(answer: &str, status: u16, words: &[&str]) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    for word in words {
        assert!(answer.contains(word), "{word:?} is not in {answer}");
    }
}

#[test]
fn each_host_answers_its_own_routes_only() {
    let gateway = Gateway::start(&HOSTS);

    // The API: its routes, and JSON for everything else, the console's included.
    let authorization = format!("Authorization: Bearer {}", gateway.key);
    let models = gateway.ask("GET /v1/models HTTP/1.1", &["Host: proxy.test", &authorization]);
    answers(&models, 200, &["DeepSeek-V4-Pro"]);
    answers(&gateway.get("/health", "proxy.test"), 200, &["ok"]);
    for path in [
        "/",
        "/login",
        "/api/session",
        "/pkg/worv.wasm",
        "/favicon.svg",
        "/nowhere",
    ] {
        let answer = gateway.get(path, "proxy.test");
        answers(&answer, 404, &["application/json", "There is no such route"]);
    }

    // The console: its routes, and never an answer of the API, not even a refusal.
    answers(&gateway.get("/login", "admin.proxy.test"), 200, &["text/html"]);
    answers(&gateway.get("/", "admin.proxy.test"), 303, &["location: /login"]);
    answers(&gateway.get("/pkg/worv.wasm", "admin.proxy.test"), 200, &["wasm"]);
    let models = gateway.ask("GET /v1/models HTTP/1.1", &["Host: admin.proxy.test", &authorization]);
    answers(&models, 303, &["location: /login"]);

    // Nobody else.
    for host in [
        "elsewhere.test",
        "proxy.test.evil",
        "xproxy.test",
        "127.0.0.1",
        "localhost",
        "[::1]:80",
    ] {
        answers(&gateway.get("/v1/models", host), 421, &["does not answer for the host"]);
        answers(&gateway.get("/login", host), 421, &[]);
    }
}

#[test]
fn a_host_is_known_however_it_is_written() {
    let gateway = Gateway::start(&HOSTS);
    for host in [
        "proxy.test",
        "PROXY.Test",
        "proxy.test.",
        "proxy.test:443",
        "proxy.test.:8443",
    ] {
        answers(&gateway.get("/health", host), 200, &["ok"]);
    }
    let absolute = gateway.ask("GET http://proxy.test/health HTTP/1.1", &["Host: proxy.test"]);
    answers(&absolute, 200, &["ok"]);
}

#[test]
fn tricks_with_the_host_are_refused() {
    let gateway = Gateway::start(&HOSTS);
    for (first_line, headers) in [
        ("GET /login HTTP/1.1", &[][..]),
        ("GET /login HTTP/1.1", &["Host: proxy.test", "Host: admin.proxy.test"]),
        (
            "GET /login HTTP/1.1",
            &["Host: admin.proxy.test", "Host: admin.proxy.test"],
        ),
        ("GET /login HTTP/1.1", &["Host: proxy.test, admin.proxy.test"]),
        ("GET /login HTTP/1.1", &["Host: proxy.test@admin.proxy.test"]),
        ("GET http://admin.proxy.test/login HTTP/1.1", &["Host: proxy.test"]),
    ] {
        let answer = gateway.ask(first_line, headers);
        answers(&answer, 400, &["name its host exactly once"]);
    }
    // Names that only proxies use do not choose a site, nor does HTTP/1.0 without a name get one.
    let forwarded = gateway.ask(
        "GET /login HTTP/1.1",
        &[
            "Host: proxy.test",
            "X-Forwarded-Host: admin.proxy.test",
            "Forwarded: host=admin.proxy.test",
        ],
    );
    answers(&forwarded, 404, &["application/json"]);
    let nameless = gateway.ask("GET /login HTTP/1.0", &[]);
    assert!(nameless.starts_with("HTTP/1.0 421 "), "{nameless}");
}

#[test]
fn without_hosts_any_name_reaches_both_by_path_but_tricks_do_not() {
    let gateway = Gateway::start(&[]);
    answers(&gateway.get("/login", "anything.test"), 200, &["text/html"]);
    answers(&gateway.get("/v1/models", "anything.test"), 401, &["application/json"]);
    let twice = gateway.ask("GET /login HTTP/1.1", &["Host: a.test", "Host: b.test"]);
    answers(&twice, 400, &["name its host exactly once"]);
}

#[test]
fn a_client_is_known_by_the_address_that_a_trusted_proxy_tells() {
    let gateway = Gateway::start(&[("WORV_SERVER__TRUSTED_PROXIES", r#"["127.0.0.0/8"]"#)]);
    assert_eq!(gateway.address_in_audit_log(""), "203.0.113.7");
}

#[test]
fn nobody_else_may_tell_an_address() {
    let gateway = Gateway::start(&[]);
    assert_eq!(gateway.address_in_audit_log(""), "127.0.0.1");
}
