//! Engines that cannot be started, and ones that behave badly.

use std::{fs, net::TcpListener};

use worv_api::ProcessState;
use worv_node::supervisor::Launch;

use super::machine::{Machine, processes_with, shell, simulated};

/// Waits until it gives up, and says why.
async fn gives_up(machine: &mut Machine) -> String {
    let state = machine.until(|state| state.process.state == ProcessState::GaveUp).await;
    assert_eq!(state.process.pid, None);
    state.process.detail
}

#[tokio::test]
async fn a_missing_program_is_named() {
    let missing = Launch {
        restart_attempts: 1,
        restart_pause_seconds: 0,
        ..Launch::new(["/nowhere/vllm", "serve"])
    };
    let mut machine = Machine::start(|_, _| vec![("Alpha", missing)]);
    let words = gives_up(&mut machine).await;
    assert!(
        words.contains("/nowhere/vllm: No such file") && words.contains("argv"),
        "{words}"
    );
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let mut taken = None;
    let mut machine = Machine::start(|port, _| {
        taken = Some(TcpListener::bind(("127.0.0.1", port)).unwrap());
        let hasty = Launch {
            restart_attempts: 1,
            ..simulated("Alpha", port)
        };
        vec![("Alpha", hasty)]
    });
    let words = gives_up(&mut machine).await;
    let port = machine.port;
    assert!(
        words.starts_with("The engine's port is in use") && words.contains(&format!("127.0.0.1:{port}")),
        "{words}"
    );
    // Once the port is free, an order is enough.
    drop(taken);
    machine.order(1, Some("Alpha"));
    machine.until_running("Alpha").await;
    machine.stop(2).await;
}

#[tokio::test]
async fn an_engine_that_never_gets_ready_is_ended() {
    let never = |port| Launch {
        start_timeout_seconds: 5,
        restart_attempts: 0,
        ..simulated("Another", port)
    };
    let mut machine = Machine::start(|port, _| vec![("Alpha", never(port))]);
    let words = gives_up(&mut machine).await;
    assert!(
        words.contains("was not ready within 5 s") && words.contains("serves \"Another\""),
        "{words}"
    );
    assert!(processes_with(&format!("127.0.0.1:{}", machine.port)).is_empty());
}

#[tokio::test]
async fn an_engine_that_ends_at_once_says_why() {
    let script = "echo 'INFO hello'; echo 'torch.OutOfMemoryError: CUDA out of memory. Tried' >&2; exit 3";
    let mut machine = Machine::start(|_, _| vec![("Alpha", shell(script))]);
    let words = gives_up(&mut machine).await;
    assert!(
        words.starts_with("The engine ended by itself with code 3. The memory of a GPU did not suffice: torch"),
        "{words}"
    );
    assert_eq!(machine.state.borrow().process.failures, 2, "one start and one more");
}

#[tokio::test]
async fn a_log_that_floods_does_no_harm() {
    let flooding = |port| {
        let engine = simulated("Alpha", port).argv.join(" ");
        shell(&format!(
            "yes 'a line that comes again and again and again' & exec {engine}"
        ))
    };
    let mut machine = Machine::start(|port, _| vec![("Alpha", flooding(port))]);
    machine.until_running("Alpha").await;
    let kept = machine.folder.path().join("node/engine.log.1");
    while !kept.exists() {
        tokio::task::yield_now().await;
    }
    machine.stop(1).await;
    assert!(fs::metadata(&kept).unwrap().len() <= 16 << 20);
    assert!(machine.log.last(usize::MAX).len() <= 2_000);
}

#[tokio::test]
async fn what_outlives_the_command_is_cleaned_up() {
    let mut machine = Machine::start(|port, folder| {
        let cleaned = folder.join("cleaned").display().to_string();
        let cleanup = ["sh", "-c", &format!("echo x >> {cleaned}")].map(str::to_owned).into();
        let launch = Launch {
            cleanup,
            ..simulated("Alpha", port)
        };
        vec![("Alpha", launch)]
    });
    machine.until_running("Alpha").await;
    let cleaned = machine.folder.path().join("cleaned");
    assert_eq!(fs::read_to_string(&cleaned).unwrap(), "x\n", "before the start");
    machine.stop(1).await;
    assert_eq!(fs::read_to_string(&cleaned).unwrap(), "x\nx\n", "and after the end");
}
