//! Model names, the list of them, and fields that do not reach the engine.

use serde_json::json;
use tokio::net::TcpListener;
use worv_proxy::GatewayConfig;
use worv_sim::engine::{Sim, SimOptions};

use crate::support::{Answer, Engine, KEY, Running, grant, keys};

#[tokio::test]
async fn every_name_reaches_the_engine_as_the_live_one() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    for name in [
        "live",
        "claude-opus-4-5",
        "GLM-5.1-FP8",
        "deepseek-v4-pro-nonthinking",
        "DeepSeek-V4-Pro",
    ] {
        let sent = running
            .received(&engine, "/v1/chat/completions", &json!({"model": name, "x": 1}))
            .await;
        assert_eq!(
            (&sent["model"], &sent["x"]),
            (&json!("DeepSeek-V4-Pro"), &json!(1)),
            "{name}"
        );
        let record = running.record().await;
        assert_eq!(
            (&*record.requested_model, &*record.served_model),
            (name, "DeepSeek-V4-Pro")
        );
    }
}

#[tokio::test]
async fn unknown_names_are_404_and_say_what_is_live() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    let request = json!({"model": "gpt-4o", "max_tokens": 1});
    let answer = Answer::of(running.post("/v1/chat/completions", &request)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-should-retry")),
        (404, Some("false"))
    );
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
    assert!(answer.body.contains("`DeepSeek-V4-Pro`"), "{}", answer.body);
    let answer = Answer::of(running.post("/v1/messages", &request)).await;
    assert_eq!(answer.json()["error"]["type"], "not_found_error");
    assert!(running.has_no_more_records());
}

#[tokio::test]
async fn the_list_has_the_fields_of_both_apis_and_needs_a_key() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    let get = |path: &str| running.client.get(format!("{}{path}", running.url));
    assert_eq!(Answer::of(get("/v1/models")).await.status.as_u16(), 401);

    let list = Answer::of(get("/v1/models?limit=1000").header("x-api-key", KEY))
        .await
        .json();
    let ids: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["DeepSeek-V4-Pro", "live", "glm-5.1-fp8", "kimi-k2.6"]);
    let expected = json!({
        "id": "DeepSeek-V4-Pro", "object": "model", "type": "model", "display_name": "DeepSeek-V4-Pro",
        "description": "The live model.", "owned_by": "worv", "created": 0, "created_at": "1970-01-01T00:00:00Z",
        "max_model_len": 202_752,
    });
    assert_eq!(list["data"][0], expected);
    let rest = (&list["object"], &list["first_id"], &list["last_id"], &list["has_more"]);
    assert_eq!(
        rest,
        (
            &json!("list"),
            &json!("DeepSeek-V4-Pro"),
            &json!("kimi-k2.6"),
            &json!(false)
        )
    );

    assert_eq!(
        Answer::of(get("/v1/models/DeepSeek-V4-Pro").bearer_auth(KEY))
            .await
            .json(),
        expected
    );
    let alias = Answer::of(get("/v1/models/claude-opus-4-5").bearer_auth(KEY))
        .await
        .json();
    assert_eq!(alias["description"], "Leads to the live model, DeepSeek-V4-Pro.");
    assert_eq!(
        Answer::of(get("/v1/models/gpt-4o").bearer_auth(KEY))
            .await
            .status
            .as_u16(),
        404
    );
}

#[tokio::test]
async fn head_and_options_are_answered() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    let url = |path: &str| format!("{}{path}", running.url);
    let head = Answer::of(running.client.head(url("/v1/models")).bearer_auth(KEY)).await;
    assert_eq!((head.status.as_u16(), &*head.body), (200, ""));
    for (path, allow) in [("/v1/models", "GET, HEAD, OPTIONS"), ("/v1/messages", "POST, OPTIONS")] {
        let options = Answer::of(running.client.request(http::Method::OPTIONS, url(path))).await;
        assert_eq!((options.status.as_u16(), options.header("allow")), (204, Some(allow)));
    }
}

#[tokio::test]
async fn shielded_fields_stop_here_and_new_ones_pass() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    let request = json!({"model": "m", "max_tokens": 1, "priority": -5, "request_id": "mine", "min_p": 0.1, "made_up_tomorrow": {"a": []}});
    let sent = running.received(&engine, "/v1/chat/completions", &request).await;
    assert_eq!(
        sent,
        json!({"model": "m", "max_tokens": 1, "min_p": 0.1, "made_up_tomorrow": {"a": []}})
    );
    running.record().await;
    let answer = Answer::of(running.post("/v1/chat/completions", &json!({"model": "m", "n": 100}))).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["param"]),
        (400, &json!("n"))
    );
    assert!(running.has_no_more_records());
}

#[tokio::test]
async fn the_callers_own_name_comes_back_where_that_is_wanted() {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    let config = GatewayConfig {
        engine_url: sim.url(),
        echo_requested_model: true,
        ..GatewayConfig::default()
    };
    let running = Running::start_without_keys(config).await;
    running.gateway.replace_keys(keys([(KEY, grant(1))]));
    running.serve("DeepSeek-V4-Pro", 262_144);
    for path in ["/v1/chat/completions", "/v1/messages", "/v1/responses"] {
        for stream in [false, true] {
            let request = json!({
                "model": "claude-x", "max_tokens": 9, "stream": stream,
                "messages": [{"role": "user", "content": "hi"}], "input": "hi",
            });
            let answer = Answer::of(running.post(path, &request)).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
            assert!(answer.body.contains("\"model\":\"claude-x\""), "{}", answer.body);
            assert!(
                !answer.body.contains("\"model\":\"DeepSeek-V4-Pro\""),
                "{}",
                answer.body
            );
        }
    }
}
