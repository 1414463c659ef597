//! The disk takes no more: answers go on, the operator is told, and once there is room everything is recorded, once.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use worv_sim::engine::SimOptions;

use crate::{
    books,
    clients::Clients,
    gateway::{Gateway, Home, client},
};

/// Room that is left to each file, in kilobytes.
const ROOM: u64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_go_on_and_nothing_is_lost_or_recorded_twice_when_no_file_may_grow() {
    let mut options = SimOptions::instant();
    options.knobs.time_per_token = Duration::from_micros(200);
    let home = Home::on_sqlite(options).await;
    let key = home.create_key("key");
    home.serve("data").await.stop().await;

    let size = fs::metadata(home.folder.path().join("worv.db")).unwrap().len() >> 10;
    let gateway = home.serve_by(within(size + ROOM), "data").await;
    let clients = Clients::start(8, &key, 1);
    clients.send_to(gateway.address);
    gateway
        .until_ready(|status, words| status == 503 && words["usage"] == "set_aside")
        .await;
    // Neither the database nor the journal takes them any more.
    while held(&gateway).await < 50 {}
    clients.have_seen(300).await;
    let seen = clients.finish().await;
    // Not told to stop, but killed: what it held in memory must be found all the same.
    gateway.kill();
    for request in &seen {
        assert_eq!(request.status, Some(200), "{request:?} failed");
    }

    let gateway = home.serve("data").await;
    gateway
        .until_ready(|status, words| status == 200 && words["usage"] == "recorded")
        .await;
    gateway.stop().await;
    let balance = books::balance(&home.store().await, &seen).await;
    assert_eq!((balance.recorded, balance.lost), (balance.requests, 0), "{balance:?}");
}

/// A shell that runs what follows with files of at most so many kilobytes. As on a full disk a write fails; the signal
/// that would come with it is ignored.
fn within(kilobytes: u64) -> Command {
    let mut shell = Command::new("bash");
    shell.args([
        "-c",
        &format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\""),
        "bash",
    ]);
    shell.stdin(Stdio::null());
    shell
}

/// Records that are in memory alone.
async fn held(gateway: &Gateway) -> u64 {
    let answer = client()
        .get(format!("http://{}/metrics", gateway.metrics))
        .send()
        .await
        .unwrap();
    let text = answer.text().await.unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("worv_usage_waiting "))
        .unwrap();
    line.parse().unwrap()
}
