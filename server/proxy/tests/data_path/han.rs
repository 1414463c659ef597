//! Answers of a model whose profile has Han script taken out.

use serde_json::{Value, json};
use worv_proxy::{GatewayConfig, ModelProfile};

use crate::support::{Answer, Engine, KEY, Running, grant, keys};

async fn start(engine: &Engine, strip_han: bool) -> Running {
    let profile = ModelProfile {
        strip_han,
        ..ModelProfile::of_model("m")
    };
    let config = GatewayConfig {
        engine_url: engine.url(),
        profiles: vec![profile],
        ..GatewayConfig::default()
    };
    let running = Running::start_without_keys(config).await;
    running.gateway.replace_keys(keys([(KEY, grant(1))]));
    running.serve("m", 4_096);
    running
}

#[tokio::test]
async fn whole_and_streamed_answers_lose_their_han_where_that_is_asked_for() {
    let said = json!({"content": "a中b", "tool_calls": [{"function": {"arguments": "中"}}]});
    for (strip_han, expected) in [(true, "ab"), (false, "a中b")] {
        for stream in [false, true] {
            let engine = Engine::start().await;
            let running = start(&engine, strip_han).await;
            let request = json!({"model": "m", "max_tokens": 5, "stream": stream, "messages": []});
            let answer = tokio::spawn(Answer::of(running.post("/v1/chat/completions", &request)));
            let mut exchange = engine.accept().await;
            let member = if stream { "delta" } else { "message" };
            let body = json!({"choices": [{member: said}]}).to_string();
            if stream {
                exchange.begin_stream().await;
                // The chunk ends in the middle of the character.
                let event = format!("data: {body}\n\ndata: [DONE]\n\n");
                let (head, rest) = event.as_bytes().split_at(event.find('中').unwrap_or_default() + 1);
                exchange.chunk_of_bytes(head).await;
                exchange.chunk_of_bytes(rest).await;
                exchange.chunk("").await;
            } else {
                exchange.answer("200 OK", "application/json", &body).await;
            }
            let answer = answer.await.map(|answer| answer.body).unwrap_or_default();
            let json = if stream {
                answer
                    .lines()
                    .next()
                    .and_then(|line| line.strip_prefix("data: "))
                    .unwrap_or_default()
            } else {
                &answer
            };
            let choice = serde_json::from_str::<Value>(json).unwrap_or_default()["choices"][0][member].clone();
            assert_eq!(choice["content"], expected, "{answer}");
            assert_eq!(choice["tool_calls"], said["tool_calls"], "{answer}");
        }
    }
}
