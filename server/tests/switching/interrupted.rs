//! A gateway that is killed in the middle of a switch, and a configuration that changes under it.

use std::fs;

use serde_json::json;

use super::{
    gateway::{BROKEN, Gateway, a_moment, held, simulated},
    ports::engine_port,
    traffic::Traffic,
};

/// Kills the gateway in a step of a switch, starts it again, and waits for the end.
async fn killed_in(phase: &str, line: &str) {
    let (port, elsewhere) = (engine_port(), tempfile::tempdir().unwrap());
    let go = elsewhere.path().join("go");
    let profiles = simulated("Alpha", port, 100) + &held("Beta", port, line, &go);
    let mut gateway = Gateway::start(port, &profiles, &[]).await;
    let mut traffic = None;
    if phase == "draining" {
        gateway.stall_engine(true).await;
        traffic = Some(Traffic::start(&gateway, 4, 1));
        gateway.until_busy().await;
    }
    let (_, begun) = gateway.post("switch", &json!({"profile": "Beta"})).await;
    gateway.until_step(phase).await;
    gateway.kill();
    drop(traffic);
    gateway.start_again().await;
    fs::write(&go, "").unwrap();
    let ended = gateway.until_ended(&begun["id"]).await;
    assert_eq!(ended["outcome"], "done", "{ended}");
    let said = ended["detail"].as_str().unwrap();
    assert!(said.starts_with("The gateway was restarted in the step "), "{said}");
    assert_eq!(gateway.ask().await, (200, "Beta".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_draining() {
    killed_in("draining", "hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_starting() {
    killed_in("starting", "hello").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_that_was_loading() {
    killed_in(
        "loading",
        "Loading safetensors checkpoint shards:  50% Completed | 1/2 [",
    )
    .await;
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
