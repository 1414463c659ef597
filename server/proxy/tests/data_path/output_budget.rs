//! The length of answers, over the whole way.

use serde_json::{Value, json};
use worv_core::usage::ClientKind;

use crate::support::{Answer, Engine, Running};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

/// Asks for `max_tokens` with a prompt that the engine counts as `counted` tokens in a window of 4,096; then what is granted.
#[expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]
async fn granted(path: &str, max_tokens: u64, counted: u64) -> Result<(String, Value), Answer> {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("m", 4_096);
    let text = "x".repeat(5_000);
    let request = json!({"model": "m", "max_tokens": max_tokens, "messages": [{"role": "user", "content": text}]});
    let mut answer = tokio::spawn(Answer::of(running.post(path, &request)));
    let mut question = engine.accept().await;
    let (counting, field) = if path == CHAT {
        ("/tokenize", "count")
    } else {
        ("/v1/messages/count_tokens", "input_tokens")
    };
    assert!(
        question.head.starts_with(&format!("POST {counting} ")),
        "{}",
        question.head
    );
    let asked: Value = serde_json::from_str(&question.body).unwrap();
    assert_eq!(asked, json!({"model": "m", "messages": request["messages"]}));
    question
        .answer("200 OK", "application/json", &json!({field: counted}).to_string())
        .await;
    tokio::select! {
        mut exchange = question.next() => {
            exchange.answer("200 OK", "application/json", "{}").await;
            let answer = answer.await.unwrap();
            let granted = answer.header("x-worv-max-output-tokens").unwrap().to_owned();
            Ok((granted, serde_json::from_str(&exchange.body).unwrap()))
        }
        refused = &mut answer => Err(refused.unwrap()),
    }
}

#[tokio::test]
async fn an_answer_gets_what_the_counted_prompt_leaves() {
    for path in [CHAT, MESSAGES] {
        let (header, sent) = granted(path, 32_000, 3_000).await.unwrap();
        assert_eq!((&*header, &sent["max_tokens"]), ("584", &json!(584)), "{path}");
        let (header, sent) = granted(path, 100, 3_000).await.unwrap();
        assert_eq!((&*header, &sent["max_tokens"]), ("100", &json!(100)), "{path}");
    }
}

#[tokio::test]
async fn a_prompt_that_cannot_fit_is_refused_in_words_that_clients_act_on() {
    let refused = granted(MESSAGES, 100, 5_000).await.unwrap_err();
    assert_eq!(
        (refused.status.as_u16(), refused.header("x-should-retry")),
        (400, Some("false"))
    );
    assert_eq!(
        refused.json()["error"]["message"],
        "prompt is too long: 5000 tokens > 3583 maximum"
    );
    assert_eq!(refused.json()["error"]["type"], "invalid_request_error");
    let refused = granted(CHAT, 100, 5_000).await.unwrap_err();
    assert_eq!(refused.json()["error"]["code"], "context_length_exceeded");
}

#[tokio::test]
async fn a_short_prompt_is_not_counted_and_a_missing_length_is_filled_in() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("m", 262_144);
    let sent = running
        .received(&engine, CHAT, &json!({"model": "m", "messages": []}))
        .await;
    assert_eq!(sent["max_completion_tokens"], 16_384);
    let sent = running
        .received(&engine, CHAT, &json!({"model": "m", "max_tokens": 9_999_999}))
        .await;
    assert_eq!(sent, json!({"model": "m", "max_tokens": 16_384}));
}

#[tokio::test]
async fn an_engine_that_cannot_count_costs_no_request() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("m", 4_096);
    let request = json!({"model": "m", "max_tokens": 4_000, "messages": "x".repeat(6_000)});
    let answer = tokio::spawn(Answer::of(running.post(CHAT, &request)));
    let mut question = engine.accept().await;
    question
        .answer("404 Not Found", "application/json", r#"{"detail":"Not Found"}"#)
        .await;
    let mut exchange = question.next().await;
    exchange.answer("200 OK", "application/json", "{}").await;
    let sent: Value = serde_json::from_str(&exchange.body).unwrap();
    // 6,000 bytes are estimated as 2,000 tokens and a few for the frame.
    assert!(
        (1_500..1_584).contains(&sent["max_tokens"].as_u64().unwrap()),
        "{}",
        sent["max_tokens"]
    );
    assert_eq!(answer.await.unwrap().status.as_u16(), 200);
}

#[tokio::test]
async fn the_record_tells_what_was_granted_and_who_asked() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    running.serve("m", 100_000);
    let request = json!({"model": "live", "max_tokens": 32_000, "messages": []});
    let request = running.post(CHAT, &request).header("x-openwebui-user-id", "6f1ed002");
    let answer = tokio::spawn(Answer::of(request));
    let mut exchange = engine.accept().await;
    exchange.answer("200 OK", "application/json", "{}").await;
    answer.await.unwrap();
    let record = running.record().await;
    assert_eq!((record.granted_tokens, record.clamped), (Some(16_384), true));
    assert_eq!(
        (record.client, record.chat_user.as_deref()),
        (ClientKind::OpenWebUi, Some("6f1ed002"))
    );
    assert!(
        record.is_aliased() && record.queue_ms == 0 && record.overhead_us > 0,
        "{record:?}"
    );
}
