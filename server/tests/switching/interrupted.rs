//! A gateway that is killed in the middle of a switch, and a configuration that changes under it.

use std::fs;

use serde_json::{Value, json};

use super::{
    gateway::{BROKEN, Gateway, a_moment, held, paced, reluctant, simulated, steps},
    ports::engine_port,
    traffic::Traffic,
};

/// Kills the gateway in a step of a switch to Beta, and gives the switch's number.
async fn killed_in(phase: &str, gateway: &mut Gateway) -> Value {
    let (_, begun) = gateway.post("switch", &json!({"profile": "Beta"})).await;
    gateway.until_step(phase).await;
    gateway.kill();
    begun["id"].clone()
}

/// Waits until a switch to Beta has been carried on to its end, and gives it.
async fn carried_on(gateway: &Gateway, id: &Value, step: &str) -> Value {
    let ended = gateway.until_ended(id).await;
    assert_eq!(ended["outcome"], "done", "{ended}");
    let said = ended["detail"].as_str().unwrap();
    assert_eq!(said, format!("The gateway was restarted in the step {step}."));
    assert_eq!(gateway.ask().await, (200, "Beta".to_owned()));
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_draining() {
    let port = engine_port();
    let profiles = simulated("Alpha", port, 100) + &simulated("Beta", port, 100);
    let mut gateway = Gateway::start(port, &profiles, &[]).await;
    gateway.stall_engine(true).await;
    let traffic = Traffic::start(&gateway, 4, 1);
    gateway.until_busy().await;
    let id = killed_in("draining", &mut gateway).await;
    drop(traffic);
    gateway.start_again().await;
    carried_on(&gateway, &id, "Draining").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_stopping() {
    let (port, elsewhere) = (engine_port(), tempfile::tempdir().unwrap());
    let go = elsewhere.path().join("go");
    let profiles = reluctant("Alpha", port, &go) + &simulated("Beta", port, 100);
    let mut gateway = Gateway::start(port, &profiles, &[]).await;
    let id = killed_in("stopping", &mut gateway).await;
    gateway.start_again().await;
    fs::write(&go, "").unwrap();
    let ended = carried_on(&gateway, &id, "Stopping").await;
    assert_eq!(
        steps(&ended)[..3],
        [("draining", "Alpha"), ("stopping", "Alpha"), ("starting", "Beta")]
    );
}

/// A switch to an engine that is held while it comes up, after it has written `line`.
async fn held_while_it_comes_up(phase: &str, step: &str, line: &str) {
    let (port, elsewhere) = (engine_port(), tempfile::tempdir().unwrap());
    let go = elsewhere.path().join("go");
    let profiles = simulated("Alpha", port, 100) + &held("Beta", port, line, &go);
    let mut gateway = Gateway::start(port, &profiles, &[]).await;
    let id = killed_in(phase, &mut gateway).await;
    gateway.start_again().await;
    fs::write(&go, "").unwrap();
    carried_on(&gateway, &id, step).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_starting() {
    held_while_it_comes_up("starting", "Starting", "hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_loading() {
    let line = "Loading safetensors checkpoint shards:  50% Completed | 1/2 [";
    held_while_it_comes_up("loading", "Loading", line).await;
}

/// A switch to an engine whose answers are as slow as `pace` says, until the gateway has been killed.
async fn held_by_its_pace(phase: &str, step: &str, pace: (u64, u64)) {
    let port = engine_port();
    let profiles = simulated("Alpha", port, 100) + &paced("Beta", port, 100, pace);
    let mut gateway = Gateway::start(port, &profiles, &[]).await;
    let id = killed_in(phase, &mut gateway).await;
    let quick = json!({"time_to_first_token_ms": 1, "time_per_token_ms": 1});
    gateway.turn_knobs(&quick).await;
    gateway.start_again().await;
    let ended = carried_on(&gateway, &id, step).await;
    // What was loaded already is not said to be loaded once more.
    let loading = steps(&ended).iter().filter(|(phase, _)| *phase == "loading").count();
    assert_eq!(loading, 1, "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_warming() {
    held_by_its_pace("warming", "Warming", (600_000, 1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_in_its_smoke_test() {
    held_by_its_pace("smoke_test", "Smoke test", (1, 600_000_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_ended_that_was_live() {
    let port = engine_port();
    let profiles = simulated("Alpha", port, 100) + &simulated("Beta", port, 100);
    let mut gateway = Gateway::start(port, &profiles, &[]).await;
    let ended = gateway.switch_to("Beta").await;
    gateway.kill();
    // As the gateway leaves it that is killed before it has written down the end.
    let under_way = worv_api::Switch {
        ended_at: None,
        outcome: None,
        ..serde_json::from_value(ended.clone()).unwrap()
    };
    let store = worv_store::Store::open(&gateway.database(), worv_core::Clock::System)
        .await
        .unwrap();
    store.save_switch(&under_way).await.unwrap();
    store.close().await;
    gateway.start_again().await;
    carried_on(&gateway, &ended["id"], "Live").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_back_is_carried_on() {
    let (port, elsewhere) = (engine_port(), tempfile::tempdir().unwrap());
    let go = elsewhere.path().join("go");
    fs::write(&go, "").unwrap();
    let profiles = held("Alpha", port, "hello", &go) + BROKEN;
    let mut gateway = Gateway::start(port, &profiles, &[]).await;
    fs::remove_file(&go).unwrap();
    let (_, begun) = gateway.post("switch", &json!({"profile": "Broken"})).await;
    loop {
        let switch = gateway.get("switch").await;
        let last = switch["current"]["steps"]
            .as_array()
            .and_then(|steps| steps.last().cloned());
        if last.is_some_and(|step| step["phase"] == "starting" && step["profile"] == "Alpha") {
            break;
        }
        a_moment().await;
    }
    gateway.kill();
    gateway.start_again().await;
    fs::write(&go, "").unwrap();
    let ended = gateway.until_ended(&begun["id"]).await;
    assert_eq!(ended["outcome"], "rolled_back", "{ended}");
    assert_eq!(gateway.ask().await, (200, "Alpha".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_outlives_the_gateway() {
    let port = engine_port();
    let mut gateway = Gateway::start(port, &simulated("Alpha", port, 100), &[]).await;
    let before = gateway.get("profiles").await["process"]["pid"].clone();
    gateway.kill();
    gateway.start_again().await;
    gateway.until_live().await;
    let process = gateway.get("profiles").await["process"].clone();
    assert_eq!((&process["pid"], process["state"].as_str()), (&before, Some("running")));
    assert_eq!(gateway.ask().await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_configuration_is_taken_over_and_a_wrong_one_is_shown() {
    let port = engine_port();
    let alpha = simulated("Alpha", port, 100);
    let gateway = Gateway::start(port, &alpha, &[]).await;
    let file = gateway.folder.path().join("worv.toml");
    fs::write(&file, format!("{alpha}\n[[profile]]\nnam = \"Beta\"\n")).unwrap();
    loop {
        let profiles = gateway.get("profiles").await;
        let error = profiles["configuration_error"].as_str().unwrap().to_owned();
        if !error.is_empty() {
            assert!(error.contains("worv.toml, line") && error.contains("`nam`"), "{error}");
            assert_eq!(profiles["profiles"].as_array().unwrap().len(), 1);
            break;
        }
        a_moment().await;
    }
    fs::write(&file, format!("{alpha}\n{}", simulated("Beta", port, 100))).unwrap();
    loop {
        let profiles = gateway.get("profiles").await;
        if profiles["profiles"].as_array().unwrap().len() == 2 {
            assert_eq!(profiles["configuration_error"], "");
            break;
        }
        a_moment().await;
    }
    assert_eq!(gateway.switch_to("Beta").await["outcome"], "done");
}
