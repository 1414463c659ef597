//! The usage writer: nothing lost, nothing twice.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use sqlx::{AnyConnection, Connection, Executor};
use worv_core::{
    Clock,
    key::KeyId,
    usage::{Outcome, UsageRecord, UsageSink},
};
use worv_store::{
    Store,
    usage::{Durability, RequestQuery, Writer},
};

use crate::{
    support::{START, TestDatabase, on_each_database},
    usage::record,
};

/// Makes the database refuse every record, as one that is away does.
async fn hide(database: &TestDatabase) -> AnyConnection {
    let mut other = AnyConnection::connect(&database.url).await.unwrap();
    other.execute("ALTER TABLE requests RENAME TO hidden").await.unwrap();
    other
}

/// Takes that back.
async fn show(other: &mut AnyConnection) {
    other.execute("ALTER TABLE hidden RENAME TO requests").await.unwrap();
}

/// The test runner ends what never comes.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

on_each_database! {
    async fn what_was_reported_durable_is_there_without_a_close(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        let waiting: Vec<_> = (0..3_000).map(|second| writer.record(record(KeyId(1), second))).collect();
        for durable in waiting {
            durable.await;
        }
        drop(writer);
        assert_eq!(database.open().await.requests(&RequestQuery::latest(10_000)).await.unwrap().len(), 3_000);
    }

    async fn whoever_reads_sees_what_was_taken_before(database) {
        let home = tempfile::TempDir::new().unwrap();
        let store = database.open().await;
        let writer = Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap();
        for count in 1..=50 {
            writer.record(record(KeyId(1), count)).await;
            assert_eq!(store.requests(&RequestQuery::latest(100)).await.unwrap().len() as u64, count);
        }
    }

    async fn what_the_database_has_is_not_written_again_at_the_next_start(database) {
        let home = tempfile::TempDir::new().unwrap();
        let store = database.open().await;
        let start = || Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap();
        let writer = start();
        writer.record(record(KeyId(1), 1)).await;
        writer.close().await;
        drop(writer);
        assert_eq!(store.delete_requests_before(START.plus(Duration::from_hours(1))).await.unwrap(), 1);
        start().close().await;
        assert!(store.requests(&RequestQuery::latest(10)).await.unwrap().is_empty(), "it came back");
    }

    async fn closing_writes_what_nobody_waited_for(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Relaxed).unwrap();
        for second in 0..100 {
            drop(writer.record(record(KeyId(1), second)));
        }
        writer.close().await;
        writer.close().await;
        assert_eq!(writer.status().waiting, 0);
        assert_eq!(store.requests(&RequestQuery::latest(1_000)).await.unwrap().len(), 100);

        writer.record(record(KeyId(1), 0)).await;
        assert_eq!(writer.status().dropped, 1, "a record after the end is owned up to");
    }

    async fn the_same_request_is_written_once(database) {
        let store = database.open().await;
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        let twice = record(KeyId(1), 1);
        tokio::join!(writer.record(twice.clone()), writer.record(twice.clone()));
        writer.record(twice.clone()).await;
        assert_eq!(store.requests(&RequestQuery::latest(10)).await.unwrap(), [twice]);
    }

    async fn while_the_database_is_away_usage_goes_to_the_journal_and_is_written_once_it_is_back(database) {
        let home = tempfile::TempDir::new().unwrap();
        let path = home.path().join("usage.journal");
        let store = database.open().await;
        let start = || Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap();
        let writer = start();
        writer.record(record(KeyId(1), 0)).await;
        assert_eq!(store.requests(&RequestQuery::latest(10)).await.unwrap().len(), 1);

        let mut other = hide(&database).await;
        for second in 1..=3 {
            // Safe, although the database is away: this does not wait for it.
            writer.record(record(KeyId(1), second)).await;
        }
        until(|| writer.status().failing).await;
        writer.close().await;
        drop(writer);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);

        let writer = start();
        writer.record(record(KeyId(1), 4)).await;
        show(&mut other).await;
        until(|| fs::metadata(&path).unwrap().len() == 0).await;
        writer.record(record(KeyId(1), 5)).await;
        until(|| !writer.status().failing).await;
        let rows = store.requests(&RequestQuery::latest(10)).await.unwrap();
        let seconds: Vec<_> = rows.iter().map(|row| row.started_at).collect();
        let expected: Vec<_> = (0..=5).rev().map(|second| START.plus(Duration::from_secs(second))).collect();
        assert_eq!(seconds, expected);
    }

    async fn a_journal_that_is_written_a_second_time_changes_nothing(database) {
        let home = tempfile::TempDir::new().unwrap();
        let path = home.path().join("usage.journal");
        let store = database.open().await;
        let start = || Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap();
        let mut other = hide(&database).await;
        let writer = start();
        let records: Vec<_> = (0..3_000).map(|second| record(KeyId(1), second)).collect();
        let waiting: Vec<_> = records.iter().map(|record| writer.record(record.clone())).collect();
        for durable in waiting {
            durable.await;
        }
        writer.close().await;
        drop(writer);
        let journal = fs::read(&path).unwrap();
        show(&mut other).await;
        for _ in 0..2 {
            fs::write(&path, &journal).unwrap();
            let writer = start();
            until(|| fs::metadata(&path).unwrap().len() == 0).await;
            writer.close().await;
        }
        assert_eq!(store.requests(&RequestQuery::latest(10_000)).await.unwrap().len(), 3_000);
    }

    async fn what_was_under_way_when_the_process_ended_is_recorded_as_lost(database) {
        let home = tempfile::TempDir::new().unwrap();
        let store = database.open().await;
        let start = || Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap();
        let (cut, done) = (record(KeyId(1), 1), record(KeyId(1), 2));
        let writer = start();
        writer.begin(&cut);
        writer.begin(&done);
        let further = UsageRecord { completion_tokens: 77, ..cut };
        writer.progress(&further);
        writer.record(done.clone()).await;
        writer.close().await;
        drop(writer);

        for _ in 0..2 {
            let writer = start();
            writer.close().await;
            let lost = UsageRecord { outcome: Outcome::Lost, ..further.clone() };
            assert_eq!(store.requests(&RequestQuery::latest(10)).await.unwrap(), [done.clone(), lost]);
        }
    }

    async fn an_end_that_is_in_the_journal_counts_and_not_what_was_left_under_way(database) {
        let home = tempfile::TempDir::new().unwrap();
        let under_way = home.path().join("usage.under-way");
        let store = database.open().await;
        let start = || Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap();
        let mut other = hide(&database).await;
        let records: Vec<_> = (0..3_000).map(|second| record(KeyId(1), second)).collect();
        let writer = start();
        for record in &records {
            writer.begin(record);
        }
        // As a process leaves it that is killed after the journal was written and before the slots were emptied.
        let left = fs::read(&under_way).unwrap();
        let waiting: Vec<_> = records.iter().map(|record| writer.record(record.clone())).collect();
        for durable in waiting {
            durable.await;
        }
        writer.close().await;
        drop(writer);
        fs::write(&under_way, left).unwrap();

        show(&mut other).await;
        let writer = start();
        until(|| fs::metadata(home.path().join("usage.journal")).unwrap().len() == 0).await;
        writer.close().await;
        let rows = store.requests(&RequestQuery::latest(10_000)).await.unwrap();
        assert_eq!(rows.len(), 3_000);
        assert!(rows.iter().all(|row| row.outcome == Outcome::ClientLeft), "an end was forgotten");
    }

    async fn a_batch_that_cannot_be_written_is_kept_until_it_can(database) {
        let store = database.open().await;
        let mut other = hide(&database).await;

        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        let durable = tokio::spawn(writer.record(record(KeyId(1), 1)));
        until(|| writer.status().failing).await;
        assert_eq!(writer.status().waiting, 1);
        assert!(!durable.is_finished(), "it is not on the disk");

        show(&mut other).await;
        durable.await.unwrap();
        assert_eq!(store.requests(&RequestQuery::latest(10)).await.unwrap().len(), 1);
        assert!(!writer.status().failing);
    }
}

/// The process that [`what_was_reported_durable_survives_a_kill`] kills. It says which records it knows to be safe.
#[tokio::test]
#[ignore = "runs only as the child of another test"]
async fn child_that_writes_until_it_is_killed() {
    let (url, folder) = (env::var(DATABASE_URL).unwrap(), env::var(FOLDER).unwrap());
    let store = Store::open(&url, Clock::System).await.unwrap();
    let writer = Writer::start_in(store, Durability::Strict, Path::new(&folder)).unwrap();
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
const FOLDER: &str = "WORV_STORE_TEST_FOLDER";

on_each_database! {
    async fn what_was_reported_durable_survives_a_kill(database) {
        let home = tempfile::TempDir::new().unwrap();
        for killed_after in [1, 40, 100] {
            let mut child = Command::new(env::current_exe().unwrap())
                .args(["--exact", "writer::child_that_writes_until_it_is_killed", "--ignored", "--nocapture"])
                .env(DATABASE_URL, &database.url)
                .env(FOLDER, home.path())
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
            // What the database had not got yet is in the write-ahead log.
            Writer::start_in(store.clone(), Durability::Strict, home.path()).unwrap().close().await;
            let rows = store.requests(&RequestQuery::latest(100_000)).await.unwrap();
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
