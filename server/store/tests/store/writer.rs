//! The usage writer: nothing lost, nothing twice.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use sqlx::{AnyConnection, Connection, Executor};
use worv_core::{Clock, key::KeyId, usage::UsageSink};
use worv_store::{
    Store,
    usage::{Durability, Writer},
};

use crate::{
    support::{TestDatabase, on_each_database},
    usage::record,
};

on_each_database! {
    async fn what_was_reported_durable_is_there_without_a_close(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict);
        let waiting: Vec<_> = (0..3_000).map(|second| writer.record(record(KeyId(1), second))).collect();
        for durable in waiting {
            durable.await;
        }
        drop(writer);
        assert_eq!(database.open().await.recent_requests(10_000).await.unwrap().len(), 3_000);
    }

    async fn closing_writes_what_nobody_waited_for(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Relaxed);
        for second in 0..100 {
            drop(writer.record(record(KeyId(1), second)));
        }
        writer.close().await;
        writer.close().await;
        assert_eq!(writer.status().waiting, 0);
        assert_eq!(store.recent_requests(1_000).await.unwrap().len(), 100);

        writer.record(record(KeyId(1), 0)).await;
        assert_eq!(writer.status().dropped, 1, "a record after the end is owned up to");
    }

    async fn the_same_request_is_written_once(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict);
        let twice = record(KeyId(1), 1);
        tokio::join!(writer.record(twice.clone()), writer.record(twice.clone()));
        writer.record(twice.clone()).await;
        assert_eq!(store.recent_requests(10).await.unwrap(), [twice]);
    }

    async fn a_batch_that_cannot_be_written_is_kept_until_it_can(database) {
        let store = database.open().await;
        let mut other = AnyConnection::connect(&database.url).await.unwrap();
        other.execute("ALTER TABLE requests RENAME TO hidden").await.unwrap();

        let writer = Writer::start(store.clone(), Durability::Strict);
        let durable = tokio::spawn(writer.record(record(KeyId(1), 1)));
        while !writer.status().failing {
            tokio::task::yield_now().await;
        }
        assert_eq!(writer.status().waiting, 1);
        assert!(!durable.is_finished(), "it is not on the disk");

        other.execute("ALTER TABLE hidden RENAME TO requests").await.unwrap();
        durable.await.unwrap();
        assert_eq!(store.recent_requests(10).await.unwrap().len(), 1);
        assert!(!writer.status().failing);
    }
}

/// The process that [`what_was_reported_durable_survives_a_kill`] kills. It says which records it knows to be safe.
#[tokio::test]
#[ignore = "runs only as the child of another test"]
async fn child_that_writes_until_it_is_killed() {
    let url = env::var(DATABASE_URL).unwrap();
    let writer = Writer::start(Store::open(&url, Clock::System).await.unwrap(), Durability::Strict);
    let mut said = std::io::stdout();
    for second in 0.. {
        let records = [record(KeyId(1), second), record(KeyId(2), second)];
        let [one, other] = records.clone().map(|record| writer.record(record));
        tokio::join!(one, other);
        for record in records {
            writeln!(said, "\nsafe {}", record.request_id).unwrap();
        }
        said.flush().unwrap();
    }
}

const DATABASE_URL: &str = "WORV_STORE_TEST_DATABASE_URL";

on_each_database! {
    async fn what_was_reported_durable_survives_a_kill(database) {
        for killed_after in [1, 40, 100] {
            let mut child = Command::new(env::current_exe().unwrap())
                .args(["--exact", "writer::child_that_writes_until_it_is_killed", "--ignored", "--nocapture"])
                .env(DATABASE_URL, &database.url)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            let mut safe: Vec<_> = lines.by_ref().filter(|line| line.starts_with("safe ")).take(killed_after).collect();
            child.kill().unwrap();
            child.wait().unwrap();
            // What it said while the signal was on its way counts too.
            safe.extend(lines.filter(|line| line.len() == "safe req_".len() + 26));

            let store = database.open().await;
            let rows = store.recent_requests(100_000).await.unwrap();
            let found: std::collections::HashSet<_> =
                rows.iter().map(|row| format!("safe {}", row.request_id)).collect();
            assert!(safe.len() >= killed_after);
            for line in safe {
                assert!(found.contains(&line), "{line} is lost");
            }
            store.close().await;
        }
    }
}
