//! The database goes away under load and comes back: no request of a known key fails, and no row is missing.

use std::time::Duration;

use tokio::time::Instant;
use worv_sim::engine::SimOptions;

use crate::{
    books,
    clients::Clients,
    gateway::{Home, number},
    own_server::OwnServer,
};

/// How long the database is away, in seconds, where `WORV_OUTAGE_SECONDS` asks for nothing else.
const AWAY: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_and_nothing_is_missing_when_the_database_was_away() {
    let server = OwnServer::start();
    let mut options = SimOptions::instant();
    options.knobs.time_per_token = Duration::from_millis(1);
    let home = Home::on_postgres(server.url(), options).await;
    let key = home.create_key("known");
    let gateway = home.serve("data").await;
    let clients = Clients::start(8, &key, 1);
    clients.send_to(gateway.address);
    clients.have_seen(300).await;

    server.stop();
    let stopped = Instant::now();
    gateway
        .until_ready(|status, words| status == 503 && words["database"] == "down")
        .await;
    let words = gateway.until_ready(|_, words| words["usage"] == "set_aside").await;
    assert_eq!(words["status"], "degraded");
    gateway.until_answered("sk-worv-not-known-to-anybody", 503).await;
    loop {
        clients.have_seen(300).await;
        if stopped.elapsed() >= Duration::from_secs(number("WORV_OUTAGE_SECONDS", AWAY)) {
            break;
        }
    }

    server.resume();
    gateway
        .until_ready(|status, words| status == 200 && words["usage"] == "recorded")
        .await;
    gateway.until_answered("sk-worv-not-known-to-anybody", 401).await;
    clients.have_seen(300).await;
    let seen = clients.finish().await;
    gateway.stop().await;
    for request in &seen {
        assert_eq!(request.status, Some(200), "{request:?} failed");
    }
    let balance = books::balance(&home.store().await, &seen).await;
    assert_eq!((balance.recorded, balance.lost), (balance.requests, 0), "{balance:?}");
}
