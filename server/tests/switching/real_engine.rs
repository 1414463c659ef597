//! A real vLLM under the supervisor. It is too heavy for CI: `scripts/real-engine` runs it.

use std::{fs, process::Command};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    gateway::{Gateway, a_moment, simulated, steps},
    ports::engine_port,
};

/// The name under which the engine has to serve its model.
const MODEL: &str = "DeepSeek-V4-Pro";

/// A profile that runs this line of a shell, with `PORT` in its environment.
fn real(line: &str, port: u16) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    format!(
        r"
[[profile]]
name = {MODEL:?}
[profile.launch]
argv = {:?}
environment = {{ PORT = {:?}, HOME = {home:?} }}
restart_pause_seconds = 0
",
        ["sh", "-c", &format!("exec {line}")],
        port.to_string(),
    )
}

/// The processes of the engine's run, found by what each of them inherits.
fn processes(run: &str) -> Vec<String> {
    let marked = format!("ENGINE_RUN={run}");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let environment = |name: &str| fs::read(format!("/proc/{name}/environ")).unwrap_or_default();
    processes
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| {
            environment(name)
                .split(|byte| *byte == 0)
                .any(|one| one == marked.as_bytes())
        })
        .collect()
}

/// The engine's run, as the supervisor's record has it.
fn run(gateway: &Gateway) -> String {
    let record = fs::read(gateway.folder.path().join("data/node/engine.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    record["running"]["identity"]["run"].as_str().unwrap().to_owned()
}

async fn until_running(gateway: &Gateway, failures: u64) -> Value {
    loop {
        let process = gateway.get("profiles").await["process"].clone();
        if process["state"] == "running" && process["failures"] == failures {
            return process;
        }
        assert_ne!(process["state"], "gave_up", "{process}");
        a_moment().await;
    }
}

#[expect(clippy::print_stdout, reason = "a person has asked for the figures")]
fn say(what: &str, since: Instant) {
    println!("{:6.1} s  {what}", since.elapsed().as_secs_f64());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a vLLM: scripts/real-engine"]
async fn a_real_vllm_is_launched_taken_over_brought_back_and_ended() {
    let line = std::env::var("ENGINE_COMMAND").unwrap();
    let port = engine_port();
    let profiles = simulated("Simulated", port, 100) + &real(&line, port);
    let mut gateway = Gateway::start(port, &profiles, &[]).await;

    let since = Instant::now();
    let switch = gateway.switch_to(MODEL).await;
    assert_eq!(switch["outcome"], "done", "{switch}");
    assert!(steps(&switch).contains(&("loading", MODEL)), "{switch}");
    assert_eq!(gateway.ask().await, (200, MODEL.to_owned()));
    let launched = until_running(&gateway, 0).await;
    let first = run(&gateway);
    say(
        &format!(
            "launched by a switch, {} processes: {:?}",
            processes(&first).len(),
            steps(&switch)
        ),
        since,
    );

    let since = Instant::now();
    gateway.kill();
    gateway.start_again().await;
    let adopted = until_running(&gateway, 0).await;
    assert_eq!(adopted["pid"], launched["pid"]);
    gateway.until_live().await;
    assert_eq!(gateway.ask().await, (200, MODEL.to_owned()));
    say("the gateway killed, started again, and the engine taken over", since);

    let since = Instant::now();
    let pid = adopted["pid"].as_u64().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "KILL", &pid])
            .status()
            .unwrap()
            .success()
    );
    let back = until_running(&gateway, 1).await;
    assert_ne!(back["pid"], adopted["pid"]);
    assert_eq!(processes(&first), [""; 0], "left of the run that was killed");
    gateway.until_live().await;
    assert_eq!(gateway.ask().await, (200, MODEL.to_owned()));
    say("the engine killed and brought back", since);

    let since = Instant::now();
    let second = run(&gateway);
    assert!(!processes(&second).is_empty());
    let (_, begun) = gateway.post("switch", &json!({"profile": "Simulated"})).await;
    let ended = gateway.until_ended(&begun["id"]).await;
    assert_eq!(ended["outcome"], "done", "{ended}");
    assert_eq!(processes(&second), [""; 0], "left of the run that was ended");
    say("ended for another, with no process left", since);
}
