//! The gateway is killed at random moments under load, again and again; then what clients saw and what is recorded are
//! compared.
//!
//! `make torture` does it many more times, with `WORV_TORTURE_KILLS` and `WORV_TORTURE_SEED`.

use std::time::Duration;

use worv_core::Entropy;
use worv_sim::engine::SimOptions;

use crate::{
    books,
    clients::Clients,
    gateway::{Home, number},
    postgres,
};

const CLIENTS: u64 = 12;

/// Kills where nothing else is asked for.
const KILLS: u64 = 20;

/// Pieces of answers that clients see before a kill, at most: some two answers each.
const MOST_PIECES: u16 = 600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_on_sqlite() {
    torture(Home::on_sqlite(pace()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_on_postgres() {
    let database = postgres::Database::create();
    torture(Home::on_postgres(database.url.clone(), pace()).await).await;
}

/// Slow enough that most kills meet answers half-way.
fn pace() -> SimOptions {
    let mut options = SimOptions::instant();
    options.knobs.time_to_first_token = Duration::from_millis(5);
    options.knobs.time_per_token = Duration::from_millis(2);
    options
}

#[expect(clippy::print_stderr, reason = "the figures are what a long run is for")]
async fn torture(home: Home) {
    let (kills, seed) = (number("WORV_TORTURE_KILLS", KILLS), number("WORV_TORTURE_SEED", 1));
    let entropy = Entropy::counted(seed);
    let key = home.create_key("torture");
    let clients = Clients::start(CLIENTS, &key, seed);
    for _ in 0..kills {
        let gateway = home.serve("data").await;
        clients.send_to(gateway.address);
        let pieces = u16::from_le_bytes(entropy.bytes()) % MOST_PIECES;
        clients.have_seen(u32::from(pieces) + 1).await;
        gateway.kill();
    }
    let gateway = home.serve("data").await;
    clients.send_to(gateway.address);
    clients.have_seen(100).await;
    let answers = clients.finish().await;
    gateway.stop().await;

    let balance = books::balance(&home.store().await, &answers).await;
    assert!(balance.completed > 0 && balance.lost > 0, "{balance:?} shows nothing");
    eprintln!("{kills} kills with seed {seed}: {balance:?}");
}
