//! An agent on the engine's machine, a gateway elsewhere, and whatever can come between the two.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tokio::time::Instant;
use worv_nvml_sim::script::{GpuScript, Script};

use super::{
    agent::{Agent, World},
    gateway::{Gateway, a_moment, held, paced, reluctant, simulated},
    ports::engine_port,
    traffic::Traffic,
};

/// The steps of a switch to Beta, as programs and as people call them.
const STEPS: [(&str, &str); 6] = [
    ("draining", "Draining"),
    ("stopping", "Stopping"),
    ("starting", "Starting"),
    ("loading", "Loading"),
    ("warming", "Warming"),
    ("smoke_test", "Smoke test"),
];

/// Profiles with which a switch from Alpha to Beta stays in a step: until the file `go` is there, or for some seconds.
fn that_stay_in(step: &str, port: u16, go: &Path) -> String {
    let (alpha, beta) = (simulated("Alpha", port, 100), simulated("Beta", port, 100));
    match step {
        "stopping" => reluctant("Alpha", port, go) + &beta,
        "starting" => alpha + &held("Beta", port, "hello", go),
        "loading" => {
            alpha
                + &held(
                    "Beta",
                    port,
                    "Loading safetensors checkpoint shards:  50% Completed | 1/2 [",
                    go,
                )
        }
        "warming" => alpha + &paced("Beta", port, 100, (8_000, 1)),
        "smoke_test" => alpha + &paced("Beta", port, 100, (1, 3_000_000)),
        _ => alpha + &beta,
    }
}

/// What goes wrong in the middle of a switch.
#[derive(Clone, Copy, PartialEq)]
enum Mishap {
    AgentKilled,
    GatewayKilled,
    NetworkCut,
}

/// Has a mishap in a step of a switch, mends it, lets the switch go on, and gives it when it has ended.
async fn switch_with(mishap: Mishap, step: &str) -> Value {
    let (port, elsewhere) = (engine_port(), tempfile::tempdir().unwrap());
    let go = elsewhere.path().join("go");
    let mut world = World::start(port, &that_stay_in(step, port, &go)).await;
    let mut traffic = None;
    if step == "draining" {
        world.gateway.stall_engine(true).await;
        traffic = Some(Traffic::start(&world.gateway, 2, 1));
        world.gateway.until_busy().await;
    }
    let (status, begun) = world.gateway.post("switch", &json!({"profile": "Beta"})).await;
    assert_eq!(status, 200, "{begun}");
    world.gateway.until_step(step).await;
    match mishap {
        Mishap::AgentKilled => world.agent.kill(),
        Mishap::GatewayKilled => world.gateway.kill(),
        Mishap::NetworkCut => {
            world.wire.set(false);
            until_silent(&world.gateway).await;
        }
    }
    match step {
        "draining" if mishap == Mishap::GatewayKilled => drop(traffic.take()),
        "draining" => world.gateway.stall_engine(false).await,
        "warming" | "smoke_test" => {
            let quick = json!({"time_to_first_token_ms": 1, "time_per_token_ms": 1});
            world.gateway.turn_knobs(&quick).await;
        }
        _ => fs::write(&go, "").unwrap(),
    }
    match mishap {
        Mishap::AgentKilled => world.agent.start_again(),
        Mishap::GatewayKilled => world.gateway.start_again().await,
        Mishap::NetworkCut => world.wire.set(true),
    }
    let ended = world.gateway.until_ended(&begun["id"]).await;
    if let Some(traffic) = traffic {
        assert_eq!(traffic.finish().await.failures, [""; 0]);
    }
    assert_eq!(world.gateway.ask().await, (200, "Beta".to_owned()));
    // Whatever was said again, it was done once.
    assert_eq!(world.agent.starts_of("Beta"), 1);
    ended
}

/// Waits until the gateway says that it hears nothing of the agent.
async fn until_silent(gateway: &Gateway) {
    loop {
        let process = gateway.get("profiles").await["process"].clone();
        if process["state"] == "unknown" {
            let words = process["detail"].as_str().unwrap();
            assert!(
                words.starts_with("The agent on local has not reported since 20"),
                "{words}"
            );
            return;
        }
        a_moment().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_by_the_next_agent() {
    for (step, _) in STEPS {
        let ended = switch_with(Mishap::AgentKilled, step).await;
        assert_eq!(ended["outcome"], "done", "{step}: {ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_by_the_next_gateway() {
    for (step, words) in STEPS {
        let ended = switch_with(Mishap::GatewayKilled, step).await;
        assert_eq!(ended["outcome"], "done", "{step}: {ended}");
        let said = format!("The gateway was restarted in the step {words}.");
        assert_eq!(ended["detail"], said, "{ended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_carried_on_when_the_network_is_back() {
    for (step, _) in STEPS {
        let ended = switch_with(Mishap::NetworkCut, step).await;
        assert_eq!(ended["outcome"], "done", "{step}: {ended}");
    }
}

#[expect(clippy::print_stdout, reason = "the time is for whoever asks for the test's output")]
#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_sees_is_shown_and_never_as_zero_once_it_is_silent() {
    let port = engine_port();
    let world = World::start(port, &(simulated("Alpha", port, 100) + &simulated("Beta", port, 100))).await;
    let gateway = &world.gateway;
    let gpus = async || gateway.get("gpus").await["report"].clone();
    while gpus().await["gpus"].as_array().unwrap().len() != 8 {
        a_moment().await;
    }
    let hot = GpuScript {
        temperature: Some(97),
        ..GpuScript::default()
    };
    let script = Script {
        memory: 0.0,
        ..Script::default()
    };
    script.with_gpu(3, hot).write(world.agent.gpus.library()).unwrap();
    let since = Instant::now();
    while gpus().await["gpus"][3]["temperature_celsius"] != 97 {
        a_moment().await;
    }
    println!(
        "shown after {} ms: too hot, on another machine",
        since.elapsed().as_millis()
    );
    let log = gateway.get("switch").await["log"].to_string();
    assert!(log.contains("a simulated vLLM serves"), "{log}");

    world.wire.set(false);
    until_silent(gateway).await;
    let silent = gpus().await;
    assert_eq!(silent["source"]["kind"], "failing", "{silent}");
    assert_eq!(silent["gpus"][3]["temperature_celsius"], 97, "{silent}");
    let (status, refused) = gateway.post("switch", &json!({"profile": "Beta"})).await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (503, Some("node_silent")),
        "{refused}"
    );
    // The engine is reached on another way.
    assert_eq!(gateway.ask().await, (200, "Alpha".to_owned()));

    world.wire.set(true);
    while gpus().await["source"]["kind"] != "nvml" {
        a_moment().await;
    }
    assert_eq!(gateway.switch_to("Beta").await["outcome"], "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_another_token_is_refused() {
    let port = engine_port();
    let world = World::start(port, &simulated("Alpha", port, 100)).await;
    let elsewhere = engine_port();
    let profiles = simulated("Alpha", elsewhere, 100);
    let stranger = Agent::start(elsewhere, &profiles, &world.gateway.url, &"x".repeat(32));
    let line = stranger.until_it_says("refuses").await;
    assert!(
        line.contains("refuses the token: put the same secret into agent.token_file"),
        "{line}"
    );
    let process = world.gateway.get("profiles").await["process"].clone();
    assert_eq!(process["state"], "running", "{process}");
}
