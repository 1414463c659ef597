//! What callers notice of a change of the live model: a wait at most.

use std::time::Duration;

use serde_json::{Value, json};
use worv_core::usage::Outcome;
use worv_proxy::{GatewayConfig, Intake, ModelProfile, ThinkingMap};

use crate::support::{Answer, Engine, KEY, Running, grant, keys};

const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";

fn request() -> Value {
    json!({"model": "live", "messages": []})
}

#[tokio::test]
async fn while_the_intake_is_held_the_admitted_finish_and_the_new_wait_for_the_new_model() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    running.serve("old", 262_144);
    let first = tokio::spawn(Answer::of(running.post(CHAT, &request())));
    let mut exchange = engine.accept().await;
    running.gateway.set_intake(Intake::Held { expected: None });
    let second = tokio::spawn(Answer::of(running.post(CHAT, &request())));
    while running.gateway.counters().waiting == 0 {
        tokio::task::yield_now().await;
    }
    exchange.answer("200 OK", "application/json", "{}").await;
    running.gateway.drained().await;
    assert_eq!(first.await.unwrap().status.as_u16(), 200);
    assert_eq!(running.record().await.served_model, "old");
    running.serve("new", 262_144);
    assert_eq!(running.gateway.counters().waiting, 1);
    running.gateway.set_intake(Intake::Open);
    let mut exchange = exchange.next().await;
    assert!(exchange.body.contains(r#""model":"new""#), "{}", exchange.body);
    exchange.answer("200 OK", "application/json", "{}").await;
    assert_eq!(second.await.unwrap().status.as_u16(), 200);
    let record = running.record().await;
    assert_eq!((record.outcome, &*record.served_model), (Outcome::Done, "new"));
}

#[tokio::test]
async fn whoever_has_waited_in_vain_is_told_when_to_come_back() {
    let config = GatewayConfig {
        queue_timeout: Duration::ZERO,
        ..GatewayConfig::default()
    };
    let mut running = Running::start_without_keys(config).await;
    running.gateway.replace_keys(keys([(KEY, grant(1))]));
    let expected = Some(Duration::from_mins(4));
    running.gateway.set_intake(Intake::Held { expected });
    for (path, kind) in [(CHAT, "server_error"), (MESSAGES, "api_error")] {
        let refused = Answer::of(running.post(path, &request())).await;
        assert_eq!((refused.status.as_u16(), refused.header("x-should-retry")), (503, None));
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((200..=240).contains(&seconds), "{seconds}");
        assert_eq!(refused.json()["error"]["type"], kind);
    }
    assert!(running.has_no_more_records());
}

#[tokio::test]
async fn names_window_lengths_and_thinking_move_over_with_the_profiles() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("New-Model", 262_144);
    let unknown = Answer::of(running.post(CHAT, &json!({"model": "fresh-1"}))).await;
    assert_eq!(unknown.status.as_u16(), 404);
    running.gateway.replace_profiles(vec![
        ModelProfile {
            aliases: vec!["fresh-*".to_owned()],
            max_context_tokens: Some(50_000),
            max_output_tokens: Some(77),
            thinking: Some(ThinkingMap {
                switch: "enable_thinking".to_owned(),
                default: false,
                efforts: Vec::new(),
            }),
            ..ModelProfile::of_model("new-model")
        },
        ModelProfile::of_model("Other"),
    ]);
    for name in ["fresh-1", "OTHER", "new-model"] {
        let sent = running
            .received(&engine, CHAT, &json!({"model": name, "messages": []}))
            .await;
        let expected = json!({"model": "New-Model", "messages": [], "max_completion_tokens": 77, "chat_template_kwargs": {"enable_thinking": false}});
        assert_eq!(sent, expected, "{name}");
    }
    let models = Answer::of(
        running
            .client
            .get(format!("{}/v1/models", running.url))
            .bearer_auth(KEY),
    )
    .await;
    assert_eq!(models.json()["data"][0]["max_model_len"], 50_000);
    running.gateway.replace_profiles(Vec::new());
    let unknown = Answer::of(running.post(CHAT, &json!({"model": "fresh-1"}))).await;
    assert_eq!(unknown.status.as_u16(), 404);
}
