//! Who and what is let in.

use http::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use worv_core::{UnixMillis, key::KeyGrant};
use worv_proxy::GatewayConfig;

use crate::support::{Answer, Engine, KEY, NOW, Running, grant, keys};

/// An address where nothing listens: requests that get that far are answered with 503 `engine_unreachable`.
const NO_ENGINE: &str = "http://127.0.0.1:9";

async fn without_keys() -> Running {
    let config = GatewayConfig {
        engine_url: NO_ENGINE.to_owned(),
        max_body_bytes: 1 << 16,
        ..GatewayConfig::default()
    };
    Running::start_without_keys(config).await
}

async fn with_key() -> Running {
    let running = without_keys().await;
    running.gateway.replace_keys(keys([(KEY, grant(1))]));
    running
}

fn chat(running: &Running) -> reqwest::RequestBuilder {
    running
        .client
        .post(format!("{}/v1/chat/completions", running.url))
        .json(&json!({"model": "m"}))
}

#[tokio::test]
async fn every_unusable_key_is_refused_alike() {
    let mut running = without_keys().await;
    let expired = KeyGrant {
        expires_at: Some(NOW),
        ..grant(2)
    };
    let revoked = KeyGrant {
        revoked_at: Some(UnixMillis(1)),
        ..grant(3)
    };
    let suspended = KeyGrant {
        suspended_at: Some(UnixMillis(1)),
        ..grant(4)
    };
    running.gateway.replace_keys(keys([
        (KEY, grant(1)),
        ("expired", expired),
        ("revoked", revoked),
        ("suspended", suspended),
    ]));
    let requests = [
        chat(&running),
        chat(&running).bearer_auth("unknown"),
        chat(&running).bearer_auth("expired"),
        chat(&running).bearer_auth("revoked"),
        chat(&running).bearer_auth("suspended"),
        chat(&running).header("authorization", "Basic a2V5"),
        chat(&running).header("x-api-key", "unknown"),
        chat(&running).bearer_auth(KEY).header("x-api-key", "unknown"),
    ];
    let mut bodies = Vec::new();
    for request in requests {
        let answer = Answer::of(request).await;
        assert_eq!(
            (answer.status, answer.header("x-should-retry")),
            (StatusCode::UNAUTHORIZED, Some("false"))
        );
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    for request in [chat(&running).bearer_auth(KEY), chat(&running).header("x-api-key", KEY)] {
        assert_eq!(Answer::of(request).await.json()["error"]["code"], "engine_unreachable");
    }
    running.record().await;
    running.record().await;
    assert!(running.has_no_more_records());
}

#[tokio::test]
async fn while_keys_cannot_be_checked_nobody_is_told_that_a_key_is_wrong() {
    let running = without_keys().await;
    let code = async |request| Answer::of(request).await.json()["error"]["code"].clone();
    assert_eq!(code(chat(&running).bearer_auth(KEY)).await, "keys_unavailable");
    running.gateway.replace_keys(keys([(KEY, grant(1))]));
    assert_eq!(code(chat(&running).bearer_auth("new")).await, "invalid_api_key");
    running.gateway.set_keys_current(false);
    assert_eq!(code(chat(&running).bearer_auth("new")).await, "keys_unavailable");
    assert_eq!(code(chat(&running).bearer_auth(KEY)).await, "engine_unreachable");
}

#[tokio::test]
async fn bad_bodies_are_a_clear_4xx_and_leave_no_record() {
    let mut running = with_key().await;
    let deep = format!(r#"{{"model":"m","x":{}}}"#, "[".repeat(30_000));
    let cases: [(&str, String, u16); 6] = [
        ("application/json", "{".to_owned(), 400),
        ("application/json", "{}".to_owned(), 400),
        ("application/json", r#"{"model":"m","model":"n"}"#.to_owned(), 400),
        ("application/json", deep, 400),
        ("text/plain", r#"{"model":"m"}"#.to_owned(), 415),
        ("application/json", " ".repeat((1 << 16) + 1), 413),
    ];
    for (content_type, body, expected) in cases {
        for (path, kind) in [("/v1/chat/completions", "/error/type"), ("/v1/messages", "/type")] {
            let request = running.client.post(format!("{}{path}", running.url)).bearer_auth(KEY);
            let answer = Answer::of(request.header("content-type", content_type).body(body.clone())).await;
            assert_eq!(answer.status.as_u16(), expected, "{answer:?}");
            assert_eq!(answer.header("x-should-retry"), Some("false"));
            assert!(answer.json().pointer(kind).is_some_and(Value::is_string), "{answer:?}");
        }
    }
    assert!(running.has_no_more_records());
    assert_eq!(running.gateway.counters().admitted, 0);
}

#[tokio::test]
async fn only_listed_routes_exist_and_the_rest_is_json_in_the_callers_dialect() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    for path in [
        "/v1",
        "/v1/",
        "/v1/load_lora_adapter",
        "/v1//chat/completions",
        "/v1/chat%2fcompletions",
        "/v1/responses/resp_1",
    ] {
        let answer = Answer::of(running.post(path, &json!({"model": "m"}))).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (404, Some("application/json")),
            "{path}"
        );
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    }
    let answer = Answer::of(
        running
            .post("/v1/complete", &json!({}))
            .header("anthropic-version", "2023-06-01"),
    )
    .await;
    assert_eq!(answer.json()["error"]["type"], "not_found_error");
    let answer = Answer::of(running.client.get(format!("{}/v1/messages", running.url))).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("allow")),
        (405, Some("POST, OPTIONS"))
    );
    assert_eq!(answer.json()["type"], "error");
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked_and_the_connection_serves_the_next_request() {
    let running = with_key().await;
    let mut connection = TcpStream::connect(running.url.trim_start_matches("http://"))
        .await
        .unwrap();
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&bomb).await.unwrap();
    connection
        .write_all(b"GET /v1/nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).await.unwrap();
    assert!(
        answers.starts_with("HTTP/1.1 415 Unsupported Media Type\r\n"),
        "{answers}"
    );
    assert!(answers.contains("HTTP/1.1 404 Not Found\r\n"), "{answers}");
    assert_eq!(running.gateway.counters().admitted, 0);
}

#[tokio::test]
async fn a_caller_still_sending_a_huge_body_gets_to_read_why_it_is_refused() {
    let running = with_key().await;
    for (key, expected) in [(KEY, "413 Payload Too Large"), ("unknown", "401 Unauthorized")] {
        let mut connection = TcpStream::connect(running.url.trim_start_matches("http://"))
            .await
            .unwrap();
        let length = 50_000_000;
        let head = format!(
            "POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&vec![b' '; length]).await.unwrap();
        // The connection is then fit for another request.
        connection
            .write_all(b"GET /v1/nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answers = String::new();
        connection.read_to_string(&mut answers).await.unwrap();
        assert!(answers.starts_with(&format!("HTTP/1.1 {expected}\r\n")), "{answers}");
        assert!(answers.contains("HTTP/1.1 404 Not Found\r\n"), "{answers}");
    }
}

#[tokio::test]
async fn ambiguous_and_disguised_requests_never_reach_the_engine() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    let requests = [
        ("POST http://engine/v1/load_lora_adapter HTTP/1.1\r\n", "404 Not Found"),
        ("POST /v1/chat/../load_lora_adapter HTTP/1.1\r\n", "404 Not Found"),
        (
            "POST /v1/messages/%2e%2e/chat/completions HTTP/1.1\r\n",
            "404 Not Found",
        ),
        (
            "POST /v1/messages HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n",
            "400 Bad Request",
        ),
        (
            "POST /v1/messages HTTP/1.1\r\ntransfer-encoding: gzip\r\n",
            "400 Bad Request",
        ),
    ];
    for (beginning, expected) in requests {
        let mut connection = TcpStream::connect(running.url.trim_start_matches("http://"))
            .await
            .unwrap();
        let head = format!("{beginning}host: x\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n");
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}\r\n")),
            "{beginning} {answer}"
        );
    }
    assert_eq!(running.gateway.counters().admitted, 0);
}
