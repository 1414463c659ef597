//! Clients that leave: their requests end at once and count as aborted.

use std::time::Duration;

use serde_json::json;
use worv_sim::engine::{Fault, FaultKind, SimOptions};

use crate::client::{Fixture, chat};

const CHAT: &str = "/v1/chat/completions";

/// An engine whose answers stop after three tokens.
fn stalling() -> SimOptions {
    let mut options = SimOptions::instant();
    options.knobs.fault = Some(Fault {
        after_tokens: 3,
        kind: FaultKind::Stall,
    });
    options
}

#[tokio::test]
async fn in_the_middle_of_a_stream() {
    let fixture = Fixture::start(stalling()).await;
    let mut response = fixture.post(CHAT, &chat("Hello", &json!({"stream": true}))).await;
    assert!(response.chunk().await.unwrap().is_some());
    fixture.sim.until(|stats| stats.generated_tokens == 3).await;
    drop(response);
    let stats = fixture.sim.until(|stats| stats.aborted == 1).await;
    assert_eq!((stats.running, stats.finished, stats.failed), (0, 0, 0));
}

#[tokio::test]
async fn while_the_engine_reads_the_prompt() {
    let mut options = SimOptions::instant();
    options.knobs.time_to_first_token = Duration::from_hours(1);
    let fixture = Fixture::start(options).await;
    for stream in [true, false] {
        let request = fixture.request(CHAT, &chat("Hello", &json!({"stream": stream})));
        let waiting = tokio::spawn(async { request.send().await?.text().await });
        fixture.sim.until(|stats| stats.running == 1).await;
        waiting.abort();
        fixture.sim.until(|stats| stats.running == 0).await;
    }
    assert_eq!(fixture.sim.stats().aborted, 2);
}

#[tokio::test]
async fn while_it_waits_for_its_turn_and_the_next_one_moves_up() {
    let fixture = Fixture::start(SimOptions {
        max_running: 1,
        ..stalling()
    })
    .await;
    let ask = |content: &str| {
        let request = fixture.request(CHAT, &chat(content, &json!({"stream": true})));
        tokio::spawn(async { request.send().await?.text().await })
    };
    let first = ask("Hello");
    fixture.sim.until(|stats| stats.running == 1).await;
    let second = ask("Repeat: second");
    fixture.sim.until(|stats| stats.waiting == 1).await;
    let third = ask("Repeat: third");
    fixture.sim.until(|stats| stats.waiting == 2).await;
    second.abort();
    let stats = fixture.sim.until(|stats| stats.aborted == 1).await;
    assert_eq!((stats.running, stats.waiting), (1, 1));
    first.abort();
    let stats = fixture
        .sim
        .until(|stats| stats.aborted == 2 && stats.running == 1)
        .await;
    assert_eq!(stats.waiting, 0);
    fixture.sim.knobs().turn(|knobs| knobs.fault = None);
    assert!(third.await.unwrap().unwrap().contains("third"));
    assert_eq!(fixture.sim.until(|stats| stats.finished == 1).await.running, 0);
}

#[tokio::test]
async fn many_at_once_leave_nothing_behind() {
    let fixture = Fixture::start(SimOptions {
        max_running: 64,
        ..stalling()
    })
    .await;
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(fixture.post(CHAT, &chat("Hello", &json!({"stream": true}))).await);
    }
    fixture
        .sim
        .until(|stats| (stats.running, stats.waiting) == (64, 136))
        .await;
    drop(streams);
    let stats = fixture.sim.until(|stats| stats.aborted == 200).await;
    assert_eq!((stats.running, stats.waiting, stats.started), (0, 0, 200));
    fixture.sim.knobs().turn(|knobs| knobs.fault = None);
    assert_eq!(
        fixture.chat(&chat("Repeat: still here", &json!({}))).await.text,
        "still here"
    );
}
