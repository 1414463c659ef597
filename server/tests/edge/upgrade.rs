//! An upgrade in place: a new process takes over under load, and nobody notices.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;
use worv_sim::engine::{Fault, FaultKind, Sim, SimOptions};

use crate::{
    client::{BOTH, Connection, Http},
    gateway::Gateway,
};

/// Clients that open connections all the time.
const CLIENTS: u64 = 8;

/// Streams that are open when the new process takes over, half of them over each version of HTTP.
const STREAMS: usize = 20;

/// A gateway whose program stands in its own folder, where it can be replaced, and a key.
fn start(sim: &Sim) -> (Gateway, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("worv");
    let built = env!("CARGO_BIN_EXE_worv");
    if fs::hard_link(built, &program).is_err() {
        fs::copy(built, &program).unwrap();
    }
    let made = Command::new(&program)
        .args(["keys", "create", "--name", "test", "--json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let key = made["key"].as_str().unwrap().to_owned();
    let url = sim.url();
    let gateway = Gateway::start_with(&program, &[], folder, &[("WORV_ENGINE__URL", &url)]);
    (gateway, program, key)
}

/// The process that has taken over; no child of this one. It ends with the test.
struct Successor(u64);

impl Drop for Successor {
    fn drop(&mut self) {
        signal("-KILL", self.0);
    }
}

fn signal(name: &str, process: u64) {
    let sent = Command::new("kill")
        .args([name, &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

fn serving_process(folder: &Path) -> u64 {
    let ready: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("ready.json")).unwrap()).unwrap();
    ready["process"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_connection_is_refused_and_no_stream_is_cut() {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    let (mut gateway, _, key) = start(&sim);
    let (address, folder) = (gateway.address, gateway.folder.path().to_owned());

    let (enough, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (enough, answered) = (Arc::clone(&enough), Arc::clone(&answered));
            let bearer = format!("Bearer {key}");
            let http = BOTH[usize::try_from(number).unwrap() % 2];
            tokio::spawn(async move {
                while !enough.load(Ordering::Relaxed) {
                    let mut connection = Connection::plain(address, "test", http).await;
                    let answer = connection.get("/v1/models", &[("authorization", &bearer)]).await;
                    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    // Answers stand still until they are let go on.
    let fault = Fault {
        after_tokens: 8,
        kind: FaultKind::Stall,
    };
    sim.knobs().turn(|knobs| knobs.fault = Some(fault));
    let body =
        r#"{"model":"live-nonthinking","stream":true,"max_tokens":64,"messages":[{"role":"user","content":"Count."}]}"#;
    let mut streams = Vec::new();
    let mut connections = Vec::new();
    for number in 0..STREAMS {
        let mut connection = Connection::plain(address, "test", BOTH[number % 2]).await;
        let request = Request::post("/v1/chat/completions")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from_static(body.as_bytes())));
        let mut stream = connection.send(request.unwrap()).await.into_body();
        stream.frame().await.unwrap().unwrap();
        streams.push(stream);
        connections.push(connection);
    }

    let old = serving_process(&folder);
    signal("-USR2", old);
    while serving_process(&folder) == old {
        tokio::task::yield_now().await;
    }
    let _new = Successor(serving_process(&folder));
    gateway.until_it_says("a new process serves");
    // The new one alone answers now: as many as before it took over, at least.
    let target = answered.load(Ordering::Relaxed) + 25 * CLIENTS;
    while answered.load(Ordering::Relaxed) < target && !clients.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
    }
    enough.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(
        gateway.serving.process.try_wait().unwrap(),
        None,
        "the old one still has streams"
    );

    sim.knobs().turn(|knobs| knobs.fault = None);
    for stream in streams {
        let rest = stream.collect().await.unwrap().to_bytes();
        assert!(
            rest.ends_with(b"data: [DONE]\n\n"),
            "{}",
            String::from_utf8_lossy(&rest)
        );
    }
    let ended = tokio::task::spawn_blocking(move || (gateway.serving.process.wait().unwrap(), gateway))
        .await
        .unwrap();
    assert!(ended.0.success(), "{}", ended.1.log());
    let mut connection = Connection::plain(address, "test", Http::Two).await;
    assert_eq!(connection.get("/health", &[]).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_that_does_not_start_leaves_the_old_one_serving() {
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    let (gateway, program, _) = start(&sim);
    let broken = program.with_extension("new");
    fs::write(&broken, "#!/bin/sh\nexit 3\n").unwrap();
    fs::set_permissions(&broken, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&broken, &program).unwrap();
    signal("-USR2", serving_process(gateway.folder.path()));
    gateway.until_it_says("the new process does not serve; this one goes on");
    let mut connection = Connection::plain(gateway.address, "test", Http::One).await;
    assert_eq!(connection.get("/health", &[]).await.status, StatusCode::OK);
}
