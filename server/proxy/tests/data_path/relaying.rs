//! Answers on their way from the engine to the caller.

use serde_json::json;
use worv_core::usage::{Endpoint, Outcome};

use crate::support::{Answer, Engine, NOW, Running};

const WHOLE_CHAT: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"pong"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"total_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#;
const WHOLE_MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"pong"}],"model":"m","stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2,"cache_read_input_tokens":4}}"#;

#[tokio::test]
async fn a_whole_answer_arrives_as_the_engine_wrote_it_and_is_recorded_first() {
    let cases = [
        ("/v1/chat/completions", Endpoint::ChatCompletions, WHOLE_CHAT),
        ("/v1/messages", Endpoint::Messages, WHOLE_MESSAGE),
    ];
    for (path, endpoint, written) in cases {
        let engine = Engine::start().await;
        let mut running = Running::start(engine.url()).await;
        running.safe.send_replace(false);
        let request = json!({"model": "m", "max_tokens": 5, "messages": [], "new_parameter": {"z": 1, "a": 2}});
        let answer = tokio::spawn(Answer::of(running.post(path, &request)));
        let mut exchange = engine.accept().await;
        assert!(
            exchange.head.starts_with(&format!("POST {path} HTTP/1.1\r\n")),
            "{}",
            exchange.head
        );
        assert_eq!(exchange.body, request.to_string());
        exchange.answer("200 OK", "application/json", written).await;

        let record = running.record().await;
        assert!(!answer.is_finished());
        running.safe.send_replace(true);
        let answer = answer.await.unwrap();
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, written));
        assert_eq!(answer.header("x-request-id"), Some(&*record.request_id.to_string()));
        assert_eq!(answer.header("server"), None);
        assert_eq!(
            (record.endpoint, record.outcome, record.status),
            (endpoint, Outcome::Done, 200)
        );
        assert_eq!(
            (record.prompt_tokens, record.cached_tokens, record.completion_tokens),
            (7, 4, 2)
        );
        assert_eq!((record.key.0, &*record.requested_model, record.stream), (1, "m", false));
        assert_eq!(record.started_at, NOW);
        assert_eq!(
            record.first_byte_ms, None,
            "an answer in one piece has no first token of its own"
        );
        assert!(running.has_no_more_records());
    }
}

#[tokio::test]
async fn every_event_arrives_before_the_engine_sends_the_next() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    let request = running.post(
        "/v1/chat/completions",
        &json!({"model": "m", "stream": true, "messages": []}),
    );
    let (response, mut exchange) = tokio::join!(async { request.send().await.unwrap() }, async {
        let mut exchange = engine.accept().await;
        exchange.begin_stream().await;
        exchange
    },);
    let asked = r#""stream_options":{"include_usage":true,"continuous_usage_stats":true}}"#;
    assert!(exchange.body.ends_with(asked), "{}", exchange.body);
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let mut response = response;
    for count in 1..4 {
        let event = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{count}\"}}}}]");
        let usage = format!(",\"usage\":{{\"prompt_tokens\":7,\"total_tokens\":9,\"completion_tokens\":{count}}}");
        exchange.chunk(&format!("{event}{usage}}}\n\n")).await;
        assert_eq!(response.chunk().await.unwrap().unwrap(), format!("{event}}}\n\n"));
        assert_eq!(running.gateway.counters().completion_tokens, count);
    }
    exchange.chunk("data: [DONE]\n\n").await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: [DONE]\n\n");
    exchange.send("0\r\n\r\n").await;
    assert_eq!(response.chunk().await.unwrap(), None);
    let record = running.record().await;
    assert_eq!(
        (record.outcome, record.prompt_tokens, record.completion_tokens),
        (Outcome::Done, 7, 3)
    );

    // The engine's connection was read to its end, so the next request uses it again.
    let answer = tokio::spawn(Answer::of(
        running.post("/v1/messages", &json!({"model": "m", "max_tokens": 1})),
    ));
    let mut exchange = exchange.next().await;
    exchange.answer("200 OK", "application/json", WHOLE_MESSAGE).await;
    assert_eq!(answer.await.unwrap().body, WHOLE_MESSAGE);
}

#[tokio::test]
async fn a_caller_who_leaves_is_gone_at_the_engine_at_once() {
    let requests = [
        ("/v1/chat/completions", json!({"model": "m", "messages": []})),
        (
            "/v1/chat/completions",
            json!({"model": "m", "messages": [], "stream": true}),
        ),
        (
            "/v1/messages",
            json!({"model": "m", "messages": [], "max_tokens": 9, "stream": true}),
        ),
    ];
    for (path, body) in requests {
        // Before there is any answer, as during a long prefill.
        let engine = Engine::start().await;
        let mut running = Running::start(engine.url()).await;
        let caller = tokio::spawn(running.post(path, &body).send());
        let exchange = engine.accept().await;
        assert_eq!(running.gateway.counters().in_flight, 1);
        caller.abort();
        exchange.closed().await;
        let record = running.record().await;
        assert_eq!(
            (record.outcome, record.status, record.first_byte_ms),
            (Outcome::ClientLeft, 499, None)
        );

        // In the silence after the answer's head.
        let caller = running.post(path, &body).send();
        let (response, exchange) = tokio::join!(caller, async {
            let mut exchange = engine.accept().await;
            exchange.begin_stream().await;
            exchange
        });
        drop(response);
        exchange.closed().await;
        let record = running.record().await;
        assert_eq!((record.outcome, record.status), (Outcome::ClientLeft, 200));
        assert_eq!(running.gateway.counters().in_flight, 0);
        assert!(running.has_no_more_records());
    }
}

#[tokio::test]
async fn what_identifies_a_caller_or_steers_the_engine_stays_here() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    let request = running
        .post("/v1/messages?beta=true", &json!({"model": "m"}))
        .header("x-api-key", crate::support::KEY)
        .header("cookie", "session=1")
        .header("x-request-id", "mine")
        .header("x-data-parallel-rank", "3")
        .header("x-vllm-priority", "-9")
        .header("accept-encoding", "gzip")
        .header("anthropic-beta", "effort-2025-11-24");
    let answer = tokio::spawn(Answer::of(request));
    let mut exchange = engine.accept().await;
    for name in [
        "authorization",
        "x-api-key",
        "cookie",
        "x-data-parallel-rank",
        "x-vllm-priority",
        "accept-encoding",
    ] {
        assert_eq!(exchange.header(name), None, "{}", exchange.head);
    }
    assert_eq!(exchange.header("anthropic-beta"), Some("effort-2025-11-24"));
    let sent_id = exchange.header("x-request-id").map(str::to_owned);
    exchange.answer("200 OK", "application/json", WHOLE_MESSAGE).await;
    assert_eq!(answer.await.unwrap().header("x-request-id").map(str::to_owned), sent_id);
    assert!(!exchange.head.to_ascii_lowercase().contains("sk-worv"));
}
