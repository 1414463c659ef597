//! Two gateways on one database.

use std::time::Duration;

use serde_json::json;
use tokio::{task::JoinSet, time::Instant};
use worv_sim::engine::SimOptions;

use crate::{
    books,
    gateway::{Gateway, Home},
    postgres,
};

/// The sliding minute that limits are of, in milliseconds.
const MINUTE: i64 = 60_000;

async fn two() -> (postgres::Database, Home, [Gateway; 2]) {
    let database = postgres::Database::create();
    let home = Home::on_postgres(database.url.clone(), SimOptions::instant()).await;
    let gateways = [home.serve("one").await, home.serve("other").await];
    (database, home, gateways)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stderr, reason = "how long it took is a figure, not a result")]
async fn a_key_that_is_revoked_is_refused_by_all() {
    let (_database, home, gateways) = two().await;
    let made = home.run(&["keys", "create", "--name", "k"]);
    let (id, key) = (made["id"].to_string(), made["key"].as_str().unwrap());
    for gateway in &gateways {
        gateway.until_answered(key, 200).await;
    }
    home.run(&["keys", "revoke", &id]);
    let revoked = Instant::now();
    for gateway in &gateways {
        gateway.until_answered(key, 401).await;
    }
    eprintln!("refused by both {:?} after it was revoked", revoked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_requests_is_kept_by_both_together() {
    const LIMIT: usize = 100;
    let (_database, home, gateways) = two().await;
    let made = home.run(&["keys", "create", "--name", "k", "--rpm", "100"]);
    let key = made["key"].as_str().unwrap();
    // Nine in ten come to the first one: the shares have to follow.
    let mut admitted = 0;
    for round in 0.. {
        let gateway = &gateways[usize::from(round % 10 == 9)];
        if gateway.ask(key).await == 200 {
            admitted += 1;
        }
        if admitted >= LIMIT * 95 / 100 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // And now both as fast as they can.
    for _ in 0..200 {
        for gateway in &gateways {
            gateway.ask(key).await;
        }
    }
    for gateway in gateways {
        gateway.stop().await;
    }
    let rows = books::rows(&home.store().await).await;
    let mut times: Vec<i64> = rows.values().map(|row| row.started_at.0).collect();
    times.sort_unstable();
    for (first, time) in times.iter().enumerate() {
        let in_minute = times[first..]
            .iter()
            .take_while(|later| **later < time + MINUTE)
            .count();
        assert!(in_minute <= LIMIT * 105 / 100, "{in_minute} requests in one minute");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_is_kept_by_both_together_and_over_restarts() {
    const BUDGET: u64 = 4_000;
    let (_database, home, gateways) = two().await;
    let made = home.run(&["keys", "create", "--name", "k", "--budget-day", "4000"]);
    let key = made["key"].as_str().unwrap().to_owned();
    spend(&gateways, &key).await;
    for gateway in gateways {
        gateway.stop().await;
    }
    // What was spent before a start is spent: at most what is left over for smaller requests is admitted now.
    let gateways = [home.serve("one").await, home.serve("other").await];
    spend(&gateways, &key).await;
    for gateway in gateways {
        gateway.stop().await;
    }
    let rows = books::rows(&home.store().await).await;
    let spent: u64 = rows.values().map(|row| row.prompt_tokens + row.completion_tokens).sum();
    assert!(
        (BUDGET * 9 / 10..=BUDGET * 105 / 100).contains(&spent),
        "{spent} tokens were spent"
    );
}

/// Asks both, eight at a time, until neither lets anything in for a while: shares move once a second.
async fn spend(gateways: &[Gateway; 2], key: &str) {
    let mut refused = 0;
    while refused < 3 {
        let mut asking = JoinSet::new();
        for gateway in gateways.iter().cycle().take(16) {
            let (address, key) = (gateway.address, key.to_owned());
            asking.spawn(async move { crate::gateway::chat(address, &key, &json!(8)).await });
        }
        let statuses = asking.join_all().await;
        refused = if statuses.contains(&200) { 0 } else { refused + 1 };
        if refused > 0 {
            tokio::time::sleep(Duration::from_millis(1_200)).await;
        }
    }
}
