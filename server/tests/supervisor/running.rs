//! An engine that works, as long as nobody disturbs it.

use std::fs;

use serde_json::{Value, json};
use worv_api::ProcessState;
use worv_node::supervisor::{Launch, Stage};

use super::machine::{Machine, kill, processes_with, shell, signal, simulated};

#[tokio::test]
async fn it_is_started_shows_how_it_loads_and_leaves_nothing() {
    let mut machine = Machine::start(|port, _| vec![("Alpha", simulated("Alpha", port))]);
    machine
        .until(|state| {
            state.stage == Stage::Loading && state.loading.as_ref().is_some_and(|loading| loading.total == 4)
        })
        .await;
    let state = machine.until_running("Alpha").await;
    let loaded = machine.until(|state| state.loaded.is_some()).await.loaded.unwrap();
    assert!(loaded.profile == "Alpha" && loaded.milliseconds >= 1500, "{loaded:?}");
    let pid = state.process.pid.unwrap();
    let at = format!("127.0.0.1:{}", machine.port);
    assert_eq!(processes_with(&at), [pid]);
    machine.stop(1).await;
    assert!(processes_with(&at).is_empty());
    assert_eq!(machine.state.borrow().process.pid, None);
    let log = machine.log.last(100).join("\n");
    assert!(
        log.contains("Loading weights took") && log.contains("a simulated vLLM serves"),
        "{log}"
    );
}

#[tokio::test]
async fn one_profile_makes_place_for_another() {
    let mut machine =
        Machine::start(|port, _| vec![("Alpha", simulated("Alpha", port)), ("Beta", simulated("Beta", port))]);
    machine.until_running("Alpha").await;
    machine.order(1, Some("Beta"));
    let beta = machine.until_running("Beta").await;
    assert_eq!((beta.order, beta.process.failures), (1, 0));
    machine.stop(2).await;
}

#[tokio::test]
async fn the_next_supervisor_takes_it_over() {
    let mut machine = Machine::start(|port, _| vec![("Alpha", simulated("Alpha", port))]);
    let before = machine.until_running("Alpha").await;
    machine.restart().await;
    let after = machine.until_running("Alpha").await;
    assert_eq!(after.process.pid, before.process.pid);
    machine.stop(1).await;

    // While it loads, too.
    machine.order(2, Some("Alpha"));
    let loading = machine.until(|state| state.loading.is_some()).await;
    machine.restart().await;
    let after = machine.until_running("Alpha").await;
    assert_eq!(after.process.pid, loading.process.pid);
    assert_eq!(after.order, 2);
    // One that nobody is the parent of is noticed when it ends.
    signal(after.process.pid.unwrap(), "KILL");
    let back = machine
        .until(|state| state.process.state == ProcessState::Running && state.process.failures == 1)
        .await;
    assert_ne!(back.process.pid, after.process.pid);
    machine.stop(3).await;
}

#[tokio::test]
async fn one_whose_number_was_not_written_down_is_taken_over() {
    let mut machine = Machine::start(|port, _| vec![("Alpha", simulated("Alpha", port))]);
    let before = machine.until_running("Alpha").await.process.pid;
    machine.let_go().await;
    // As a program leaves it that is killed once it has started the engine, and before it could say which process that is.
    let file = machine.folder.path().join("node/engine.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let running = record["running"].take();
    record["starting"] = json!({
        "profile": "Alpha",
        "run": running["identity"]["run"],
        "started_at": running["started_at"],
    });
    fs::write(&file, record.to_string()).unwrap();
    machine.take_up();
    let after = machine.until_running("Alpha").await;
    assert_eq!((after.process.pid, after.process.failures), (before, 0));
    machine.stop(1).await;
}

#[tokio::test]
async fn one_that_ended_while_nobody_looked_is_started_again() {
    let mut machine = Machine::start(|port, _| vec![("Alpha", simulated("Alpha", port))]);
    let before = machine.until_running("Alpha").await.process.pid.unwrap();
    machine.order(1, Some("Alpha"));
    machine.until(|state| state.order == 1).await;
    machine.let_go().await;
    kill(before);
    machine.take_up();
    let told = machine.until(|state| !state.process.detail.is_empty()).await;
    assert_eq!(told.process.detail, "The engine ended while nobody looked after it.");
    let back = machine.until_running("Alpha").await;
    assert_ne!(back.process.pid, Some(before));
    machine.stop(2).await;
}

#[tokio::test]
async fn one_that_is_killed_is_brought_back() {
    let mut machine = Machine::start(|port, _| vec![("Alpha", simulated("Alpha", port))]);
    let first = machine.until_running("Alpha").await.process.pid.unwrap();
    signal(first, "KILL");
    let state = machine.until(|state| state.process.failures == 1).await;
    assert!(
        state.process.detail.starts_with("The engine was killed"),
        "{}",
        state.process.detail
    );
    let second = machine.until_running("Alpha").await.process;
    assert_ne!(Some(first), second.pid);
    assert_eq!(second.detail, "", "what runs again says no more why it had ended");
    machine.stop(1).await;
}

#[tokio::test]
async fn one_that_hangs_is_brought_back() {
    let hanging = |port| Launch {
        hang_seconds: 1,
        stop_seconds: 0,
        ..simulated("Alpha", port)
    };
    let mut machine = Machine::start(|port, _| vec![("Alpha", hanging(port))]);
    let first = machine.until_running("Alpha").await.process.pid.unwrap();
    signal(first, "STOP");
    let state = machine.until(|state| state.process.failures == 1).await;
    assert!(
        state.process.detail.contains("has not answered for 1 s"),
        "{}",
        state.process.detail
    );
    let second = machine.until_running("Alpha").await.process.pid.unwrap();
    assert_ne!(first, second);
    machine.stop(1).await;
}

#[tokio::test]
async fn whatever_it_started_ends_with_it() {
    // One child that ignores being asked to end, and one that has left the process group.
    let script = |port: u16| {
        let engine = simulated("Alpha", port).argv.join(" ");
        format!("(trap '' TERM; while :; do sleep 987{port}; done) & setsid sleep 986{port} & exec {engine}")
    };
    let mut machine = Machine::start(|port, _| vec![("Alpha", shell(&script(port)))]);
    machine.until_running("Alpha").await;
    let (stubborn, elsewhere) = (format!("987{}", machine.port), format!("986{}", machine.port));
    assert!(!processes_with(&stubborn).is_empty() && !processes_with(&elsewhere).is_empty());
    machine.stop(1).await;
    assert!(processes_with(&stubborn).is_empty() && processes_with(&elsewhere).is_empty());
}
