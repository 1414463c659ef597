//! The routes besides chat completions and messages.

use http::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use worv_core::usage::{Endpoint, Outcome};
use worv_proxy::GatewayConfig;
use worv_sim::engine::{Fault, FaultKind, Sim, SimOptions};

use crate::support::{Answer, Engine, KEY, Running, grant, keys};

#[expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
async fn simulated() -> (Sim, Running) {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    let running = Running::start(sim.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    (sim, running)
}

#[tokio::test]
async fn responses_are_streamed_whole_and_counted() {
    let (_sim, mut running) = simulated().await;
    let request =
        |stream: bool| json!({"model": "live", "input": "Tell me about rivers.", "stream": stream, "store": false});
    let whole = Answer::of(running.post("/v1/responses", &request(false))).await;
    assert_eq!(
        (whole.status.as_u16(), whole.header("x-worv-max-output-tokens")),
        (200, Some("16384")),
        "{}",
        whole.body
    );
    let whole_record = running.record().await;
    assert_eq!(whole_record.endpoint, Endpoint::Responses);
    assert_eq!(whole.json()["usage"]["output_tokens"], whole_record.completion_tokens);

    let streamed = Answer::of(running.post("/v1/responses", &request(true))).await.body;
    let last = streamed.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("event: response.completed\n"), "{last}");
    let record = running.record().await;
    assert_eq!(record.outcome, Outcome::Done);
    let counted = (record.prompt_tokens, record.completion_tokens, record.reasoning_tokens);
    assert_eq!(
        counted,
        (
            whole_record.prompt_tokens,
            whole_record.completion_tokens,
            whole_record.reasoning_tokens
        )
    );
    assert!(record.prompt_tokens > 0 && record.completion_tokens > 0);
}

#[tokio::test]
async fn a_response_that_breaks_off_ends_in_an_error_event() {
    let (sim, mut running) = simulated().await;
    sim.knobs().turn(|knobs| {
        knobs.fault = Some(Fault {
            after_tokens: 3,
            kind: FaultKind::Close,
        });
    });
    let request = json!({"model": "live", "input": "Tell me about rivers.", "stream": true});
    let streamed = Answer::of(running.post("/v1/responses", &request)).await.body;
    let last = streamed.trim_end().rsplit("\n\n").next().unwrap();
    let data: Value = serde_json::from_str(last.strip_prefix("event: error\ndata: ").unwrap()).unwrap();
    assert_eq!(
        (&data["type"], &data["code"]),
        (&json!("error"), &json!("engine_failed"))
    );
    let before = streamed.matches("event: response.").count();
    assert_eq!(data["sequence_number"], before);
    let record = running.record().await;
    assert_eq!((record.outcome, record.completion_tokens), (Outcome::EngineFailed, 3));
}

#[tokio::test]
async fn completions_are_streamed_whole_and_counted() {
    let (_sim, mut running) = simulated().await;
    for stream in [false, true] {
        let request = json!({"model": "live", "prompt": "Rivers", "max_tokens": 9, "stream": stream});
        let answer = Answer::of(running.post("/v1/completions", &request)).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
        let record = running.record().await;
        assert_eq!(
            (record.endpoint, record.outcome, record.completion_tokens),
            (Endpoint::Completions, Outcome::Done, 9)
        );
        assert_eq!(answer.body.ends_with("data: [DONE]\n\n"), stream);
    }
    let request = json!({"model": "live", "prompt": ["one", "two"]});
    let answer = Answer::of(running.post("/v1/completions", &request)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["param"]),
        (400, &json!("prompt"))
    );
}

#[tokio::test]
async fn tokens_of_a_message_are_counted_in_the_callers_dialect() {
    let (_sim, running) = simulated().await;
    let request = json!({"model": "claude-x", "messages": [{"role": "user", "content": "hi"}], "tools": [{"type": "web_search_20250305", "name": "s"}]});
    let answer = Answer::of(running.post("/v1/messages/count_tokens", &request)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-worv-max-output-tokens")),
        (200, None),
        "{}",
        answer.body
    );
    assert!(answer.json()["input_tokens"].as_u64().unwrap() > 0);
    let answer = Answer::of(running.post("/v1/messages/count_tokens", &json!({"model": "gpt-4o"}))).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (404, &json!("error")));
}

#[tokio::test]
async fn pooling_routes_are_carried_as_they_are() {
    for (path, request) in [
        ("/v1/embeddings", json!({"model": "m", "input": ["a", "b"]})),
        ("/v1/rerank", json!({"model": "m", "query": "a", "documents": ["b"]})),
        ("/v1/score", json!({"model": "m", "text_1": "a", "text_2": "b"})),
    ] {
        let engine = Engine::start().await;
        let mut running = Running::start(engine.url()).await;
        let answer = tokio::spawn(Answer::of(running.post(path, &request)));
        let mut exchange = engine.accept().await;
        assert!(exchange.head.starts_with(&format!("POST {path} ")), "{}", exchange.head);
        assert_eq!(exchange.body, request.to_string());
        exchange
            .answer(
                "200 OK",
                "application/json",
                r#"{"usage":{"prompt_tokens":4,"total_tokens":4}}"#,
            )
            .await;
        assert_eq!(answer.await.unwrap().status.as_u16(), 200);
        let record = running.record().await;
        assert_eq!(
            (record.endpoint.path(), record.prompt_tokens, record.completion_tokens),
            (path, 4, 0)
        );
    }
}

#[tokio::test]
async fn tools_that_the_engine_cannot_run_are_left_out_of_responses() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    let function = json!({"type": "function", "name": "read", "parameters": {}});
    let request =
        json!({"model": "m", "input": "x", "tools": [function, {"type": "web_search"}, {"type": "namespace"}]});
    let sent = running.received(&engine, "/v1/responses", &request).await;
    assert_eq!(sent["tools"], json!([function]));
    let request = json!({"model": "m", "input": "x", "tools": [{"type": "web_search"}], "tool_choice": "auto"});
    let sent = running.received(&engine, "/v1/responses", &request).await;
    assert_eq!((sent.get("tools"), sent.get("tool_choice")), (None, None));
}

#[tokio::test]
async fn a_route_of_the_configuration_is_served_like_the_others_and_its_neighbours_are_not() {
    let engine = Engine::start().await;
    let config = GatewayConfig {
        engine_url: engine.url(),
        extra_routes: vec!["/v1/classify".to_owned()],
        ..GatewayConfig::default()
    };
    let mut running = Running::start_without_keys(config).await;
    running.gateway.replace_keys(keys([(KEY, grant(1))]));
    running.serve("m", 4_096);
    let request = json!({"model": "live", "input": ["a"], "priority": 9});
    let answer = tokio::spawn(Answer::of(running.post("/v1/classify", &request)));
    let mut exchange = engine.accept().await;
    assert!(exchange.head.starts_with("POST /v1/classify "), "{}", exchange.head);
    let sent: Value = serde_json::from_str(&exchange.body).unwrap();
    assert_eq!(sent, json!({"model": "m", "input": ["a"]}));
    let usage = r#"{"usage":{"prompt_tokens":4,"total_tokens":4}}"#;
    exchange.answer("200 OK", "application/json", usage).await;
    assert_eq!(answer.await.unwrap().body, usage);
    let record = running.record().await;
    assert_eq!((record.endpoint, record.prompt_tokens), (Endpoint::Other, 4));
    for path in ["/v1/classify/", "/v1/classify/x", "/v1/pooling"] {
        assert_eq!(
            Answer::of(running.post(path, &request)).await.status.as_u16(),
            404,
            "{path}"
        );
    }
    let without_key = Answer::of(
        running
            .client
            .post(format!("{}/v1/classify", running.url))
            .json(&request),
    )
    .await;
    assert_eq!(without_key.status.as_u16(), 401);
}

#[tokio::test]
async fn head_and_options_are_answered_on_every_route() {
    let (_sim, running) = simulated().await;
    for (path, allowed) in [
        ("/v1/chat/completions", "POST, OPTIONS"),
        ("/v1/messages", "POST, OPTIONS"),
        ("/v1/models", "GET, HEAD, OPTIONS"),
        ("/v1/models/live", "GET, HEAD, OPTIONS"),
        ("/v1/limits", "GET, HEAD, OPTIONS"),
    ] {
        let ask = |method| {
            running
                .client
                .request(method, format!("{}{path}", running.url))
                .bearer_auth(KEY)
        };
        let options = Answer::of(ask(Method::OPTIONS)).await;
        assert_eq!(
            (options.status.as_u16(), options.header("allow")),
            (204, Some(allowed)),
            "{path}"
        );
        let head = Answer::of(ask(Method::HEAD)).await;
        let expected = if allowed.contains("HEAD") { 200 } else { 405 };
        assert_eq!((head.status.as_u16(), &*head.body), (expected, ""), "{path}");
    }
}
