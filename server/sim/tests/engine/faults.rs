//! Pace and faults, turned while the engine runs.

use std::time::Duration;

use serde_json::{Value, json};
use worv_sim::engine::{Fault, FaultKind, Refusal, SimOptions};

use crate::client::{Fixture, chat, message};

const CHAT: &str = "/v1/chat/completions";

fn failing(after_tokens: u64, kind: FaultKind) -> SimOptions {
    let mut options = SimOptions::instant();
    options.knobs.fault = Some(Fault { after_tokens, kind });
    options
}

#[tokio::test]
async fn a_connection_breaks_in_the_middle() {
    let fixture = Fixture::start(failing(3, FaultKind::Close)).await;
    let mut response = fixture.post(CHAT, &chat("Hello", &json!({"stream": true}))).await;
    let mut text = String::new();
    let error = loop {
        match response.chunk().await {
            Ok(chunk) => text += std::str::from_utf8(&chunk.expect("the end of the body")).unwrap(),
            Err(error) => break error,
        }
    };
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert!(text.contains("\"reasoning\"") && !text.contains("[DONE]"), "{text}");
    assert!(fixture.request(CHAT, &chat("Hello", &json!({}))).send().await.is_err());
    assert_eq!(fixture.sim.stats().failed, 2);
}

#[tokio::test]
async fn a_stall_ends_when_the_knob_is_turned() {
    let fixture = Fixture::start(failing(2, FaultKind::Stall)).await;
    let request = fixture.request(CHAT, &chat("Repeat: all of it", &json!({"stream": true})));
    let answer = tokio::spawn(async { request.send().await?.text().await });
    fixture.sim.until(|stats| stats.generated_tokens == 2).await;
    assert!(!answer.is_finished());
    fixture.sim.knobs().turn(|knobs| knobs.fault = None);
    assert!(answer.await.unwrap().unwrap().ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn a_slow_prefill_ends_when_the_knob_is_turned() {
    let mut options = SimOptions::instant();
    options.knobs.time_per_prompt_token = Duration::from_mins(1);
    let fixture = Fixture::start(options).await;
    let request = fixture.request(CHAT, &chat("Repeat: done", &json!({})));
    let answer = tokio::spawn(async { request.send().await?.text().await });
    let stats = fixture.sim.until(|stats| stats.running == 1).await;
    assert_eq!(stats.generated_tokens, 0);
    fixture
        .sim
        .knobs()
        .turn(|knobs| knobs.time_per_prompt_token = Duration::ZERO);
    assert!(answer.await.unwrap().unwrap().contains("done"));
}

#[tokio::test]
async fn the_next_requests_are_refused_in_their_own_dialect() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    fixture
        .sim
        .knobs()
        .turn(|knobs| knobs.refusal = Some(Refusal { status: 503, next: 2 }));
    let (status, body) = fixture.answer(CHAT, &chat("Hello", &json!({}))).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!(503)));
    let (status, body) = fixture.answer("/v1/messages", &message("Hello", &json!({}))).await;
    assert_eq!((status, &body["type"]), (503, &json!("error")));
    assert_eq!(fixture.answer(CHAT, &chat("Hello", &json!({}))).await.0, 200);
}

#[tokio::test]
async fn down_breaks_and_refuses_connections_and_up_serves_again() {
    let fixture = Fixture::start(failing(1, FaultKind::Stall)).await;
    let mut stream = fixture.post(CHAT, &chat("Hello", &json!({"stream": true}))).await;
    assert!(stream.chunk().await.unwrap().is_some());
    fixture.sim.knobs().turn(|knobs| knobs.down = true);
    while let Ok(chunk) = stream.chunk().await {
        assert!(chunk.is_some(), "the stream ended as if it were whole");
    }
    fixture.sim.until(|stats| stats.running == 0).await;
    let refused = fixture.request(CHAT, &chat("Hello", &json!({}))).send().await;
    assert!(refused.is_err_and(|error| error.is_connect()));
    fixture.sim.knobs().turn(|knobs| {
        knobs.down = false;
        knobs.fault = None;
    });
    // Listening again takes the engine a moment, as it does a real one.
    let answer = loop {
        match fixture.request(CHAT, &chat("Repeat: back", &json!({}))).send().await {
            Ok(answer) => break answer.text().await.unwrap(),
            Err(error) => assert!(error.is_connect(), "{error:?}"),
        }
    };
    assert!(answer.contains("back"));
}

#[tokio::test]
async fn knobs_are_turned_over_http_and_what_is_no_knob_is_refused() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    let stalled = json!({"fault": {"after_tokens": 2, "kind": "stall"}, "time_per_token_ms": 0.5});
    let knobs: Value = serde_json::from_str(&fixture.turn(&stalled).await.text().await.unwrap()).unwrap();
    assert_eq!(
        (&knobs["time_per_token_ms"], &knobs["tokens_per_chunk"]),
        (&json!(0.5), &json!(1))
    );
    let request = fixture.request(CHAT, &chat("Hello", &json!({})));
    let answer = tokio::spawn(async { request.send().await?.text().await });
    fixture.sim.until(|stats| stats.generated_tokens == 2).await;
    let stats: Value = serde_json::from_str(&fixture.get("/sim/stats").await.text().await.unwrap()).unwrap();
    assert_eq!((&stats["running"], &stats["finished"]), (&json!(1), &json!(0)));
    fixture.turn(&json!({"fault": null})).await;
    assert!(answer.await.unwrap().is_ok());
    for wrong in [
        json!({"down": true}),
        json!({"time_per_token_ms": -1}),
        json!({"fault": "stall"}),
    ] {
        assert_eq!(fixture.turn(&wrong).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn after_a_shutdown_nothing_listens() {
    let fixture = Fixture::start(SimOptions::instant()).await;
    let url = fixture.sim.url();
    fixture.sim.knobs().turn(|knobs| {
        knobs.fault = Some(Fault {
            after_tokens: 1,
            kind: FaultKind::Stall,
        });
    });
    let stalled = fixture.post(CHAT, &chat("Hello", &json!({"stream": true}))).await;
    let request = fixture.request(CHAT, &chat("Hello", &json!({})));
    let stats = fixture.sim.watch_stats();
    fixture.sim.shutdown().await;
    assert_eq!(stats.borrow().running, 0, "requests outlive the engine");
    assert!(
        stalled.text().await.is_err(),
        "an open stream ended as if it were whole"
    );
    assert!(
        request.send().await.is_err_and(|error| error.is_connect()),
        "{url} still serves"
    );
}
