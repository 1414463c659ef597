//! What callers see when the engine fails.

use serde_json::{Value, json};
use worv_core::usage::Outcome;

use crate::support::{Answer, Engine, Running};

fn request() -> Value {
    json!({"model": "m", "max_tokens": 5, "messages": []})
}

#[tokio::test]
async fn an_engine_that_is_away_is_503_in_the_callers_dialect() {
    let engine_url = {
        let engine = Engine::start().await;
        engine.url()
    };
    let mut running = Running::start(engine_url).await;
    for (path, kind) in [("/v1/chat/completions", "server_error"), ("/v1/messages", "api_error")] {
        let answer = Answer::of(running.post(path, &request())).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("5")));
        assert_eq!(answer.header("x-should-retry"), None);
        assert_eq!(answer.json()["error"]["type"], kind);
        let record = running.record().await;
        assert_eq!((record.outcome, record.status), (Outcome::EngineFailed, 503));
    }
    assert_eq!(running.gateway.counters().engine_failures, 2);
}

#[tokio::test]
async fn a_connection_that_closed_unseen_costs_the_caller_nothing() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    let answer = tokio::spawn(Answer::of(running.post("/v1/messages", &request())));
    // Taken and given up without a byte, like a pooled connection that the engine has just closed.
    drop(engine.accept().await);
    let mut exchange = engine.accept().await;
    assert_eq!(exchange.body, request().to_string());
    exchange
        .answer("200 OK", "application/json", r#"{"type":"message"}"#)
        .await;
    assert_eq!(answer.await.unwrap().status.as_u16(), 200);
    assert_eq!(running.record().await.outcome, Outcome::Done);
    assert!(running.has_no_more_records());
}

#[tokio::test]
async fn a_request_is_repeated_once_and_no_more() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    let answer = tokio::spawn(Answer::of(running.post("/v1/messages", &request())));
    drop(engine.accept().await);
    drop(engine.accept().await);
    assert_eq!(answer.await.unwrap().status.as_u16(), 502);
    assert_eq!(running.record().await.outcome, Outcome::EngineFailed);
}

#[tokio::test]
async fn a_whole_answer_that_breaks_off_is_502() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    let answer = tokio::spawn(Answer::of(running.post("/v1/chat/completions", &request())));
    let mut exchange = engine.accept().await;
    exchange
        .send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{")
        .await;
    drop(exchange);
    let answer = answer.await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.json()["error"]["code"].as_str()),
        (502, Some("engine_failed"))
    );
    let record = running.record().await;
    assert_eq!((record.outcome, record.status), (Outcome::EngineFailed, 502));
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_in_the_dialects_error_event() {
    let cases = [
        ("/v1/chat/completions", "data: {\"error\":{", "}}\n\ndata: [DONE]\n\n"),
        ("/v1/messages", "event: error\ndata: {\"type\":\"error\",", "}\n\n"),
    ];
    for (path, beginning, end) in cases {
        let engine = Engine::start().await;
        let mut running = Running::start(engine.url()).await;
        let mut body = request();
        body["stream"] = true.into();
        let answer = tokio::spawn(Answer::of(running.post(path, &body)));
        let mut exchange = engine.accept().await;
        exchange.begin_stream().await;
        exchange.chunk(": hello\n\n").await;
        drop(exchange);
        let answer = answer.await.unwrap();
        let error = answer.body.strip_prefix(": hello\n\n").unwrap();
        assert!(error.starts_with(beginning) && error.ends_with(end), "{error}");
        let record = running.record().await;
        assert_eq!((record.outcome, record.status), (Outcome::EngineFailed, 200));
    }
}

#[tokio::test]
async fn complaints_of_the_engine_reach_the_caller_in_its_dialect() {
    let not_found =
        r#"{"error":{"message":"The model `m` does not exist.","type":"NotFoundError","param":"model","code":404}}"#;
    let cases = [
        ("/v1/chat/completions", "404 Not Found", not_found, 404, not_found.to_owned(), Outcome::RefusedByEngine),
        ("/v1/messages", "404 Not Found", not_found, 404, r#"{"type":"error","error":{"type":"not_found_error","message":"The model `m` does not exist."},"request_id":"ID"}"#.to_owned(), Outcome::RefusedByEngine),
        ("/v1/messages", "500 Internal Server Error", "oops", 500, r#"{"type":"error","error":{"type":"api_error","message":"The model server reported an error."},"request_id":"ID"}"#.to_owned(), Outcome::EngineFailed),
        ("/v1/messages", "401 Unauthorized", r#"{"error":"Unauthorized"}"#, 503, r#"{"type":"error","error":{"type":"api_error","message":"The model is not available at the moment."},"request_id":"ID"}"#.to_owned(), Outcome::EngineFailed),
    ];
    for (path, status, complaint, expected_status, expected_body, outcome) in cases {
        let engine = Engine::start().await;
        let mut running = Running::start(engine.url()).await;
        let answer = tokio::spawn(Answer::of(running.post(path, &request())));
        engine
            .accept()
            .await
            .answer(status, "application/json", complaint)
            .await;
        let answer = answer.await.unwrap();
        let record = running.record().await;
        let body = answer.body.replace(&record.request_id.to_string(), "ID");
        assert_eq!((answer.status.as_u16(), body), (expected_status, expected_body));
        assert_eq!((record.outcome, record.status), (outcome, expected_status));
    }
}
