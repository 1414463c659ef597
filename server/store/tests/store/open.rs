//! Opening a database, and refusing to.

use std::{fs, os::unix::fs::PermissionsExt};

use sqlx::{AnyConnection, Connection, Executor};
use worv_core::Clock;
use worv_store::{AuditQuery, Store, StoreError};

use crate::support::{TestDatabase, create_key, on_each_database};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_file_and_its_directory_are_for_the_owner_only() {
    let database = TestDatabase::sqlite();
    create_key(&database.open().await, "k").await;
    let file = database.file();
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", file.display());
        assert_eq!(mode(path.as_ref()), 0o600, "{path}");
    }
}

#[tokio::test]
async fn a_path_may_have_any_character_but_those_that_end_it_in_a_url() {
    let home = tempfile::TempDir::new().unwrap();
    let file = home.path().join("Dätä & 100% fun/Worv 'x'.db");
    let url = format!("sqlite://{}", file.display());
    create_key(&Store::open(&url, Clock::System).await.unwrap(), "k").await;
    assert!(file.is_file());
}

#[tokio::test]
async fn a_url_that_cannot_be_used_says_why() {
    for (url, message) in [
        ("", "database URL: must begin with sqlite:// or postgres://"),
        (
            "mysql://root:hunter2@localhost/worv",
            "database URL: must begin with sqlite:// or postgres://",
        ),
        ("sqlite://", "database URL: has no path: write sqlite://PATH"),
        (
            "sqlite://data/worv.db?mode=ro",
            "database URL: takes no options after the path",
        ),
        (
            "sqlite::memory:",
            "database URL: must name a file: a database in memory would lose every key at the end",
        ),
    ] {
        let refused = Store::open(url, Clock::System).await.unwrap_err();
        assert!(matches!(refused, StoreError::InvalidUrl(_)), "{refused:?}");
        assert_eq!(refused.to_string(), message);
    }
}

#[tokio::test]
async fn what_is_no_database_is_left_alone() {
    let home = tempfile::TempDir::new().unwrap();
    let text = home.path().join("notes.txt");
    fs::write(
        &text,
        "not a database, but longer than the hundred bytes of a database's header. ".repeat(4),
    )
    .unwrap();
    for path in [home.path(), &text] {
        let refused = Store::open(&format!("sqlite://{}", path.display()), Clock::System)
            .await
            .unwrap_err();
        let StoreError::CannotOpen { place, .. } = &refused else {
            panic!("{refused:?}")
        };
        assert_eq!(*place, path.display().to_string());
    }
    assert!(fs::read_to_string(&text).unwrap().starts_with("not a database"));
}

#[tokio::test]
async fn a_backup_is_a_database_and_never_overwrites() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let key = create_key(&store, "k").await;
    let copy = database.file().with_file_name("copy 'of' the.db");
    store.back_up(&copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
    create_key(&store, "made afterwards").await;

    let refused = store.back_up(&copy).await.unwrap_err();
    assert!(matches!(refused, StoreError::CannotOpen { .. }), "{refused}");
    let copied = Store::open(&format!("sqlite://{}", copy.display()), database.clock.clone())
        .await
        .unwrap();
    assert_eq!(copied.keys().await.unwrap(), [key]);
}

#[tokio::test]
async fn a_backup_of_a_server_is_left_to_its_own_program() {
    let database = TestDatabase::postgres();
    let refused = database.open().await.back_up("copy.db".as_ref()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the database is on a PostgreSQL server: back it up with pg_dump"
    );
}

on_each_database! {
    async fn a_database_of_a_newer_version_is_refused(database) {
        drop(database.open().await);
        let mut connection = AnyConnection::connect(&database.url).await.unwrap();
        connection
            .execute("INSERT INTO schema_versions (version, name, applied_at) VALUES (999, 'tomorrow', 0)")
            .await
            .unwrap();
        let refused = Store::open(&database.url, database.clock.clone()).await.unwrap_err();
        assert!(matches!(refused, StoreError::NewerSchema { found: 999, .. }), "{refused:?}");
        assert!(refused.to_string().contains("has schema 999"), "{refused}");
    }

    async fn many_processes_may_open_a_new_database_at_once(database) {
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (url, clock) = (database.url.clone(), database.clock.clone());
            opening.spawn(async move { Store::open(&url, clock).await.map(drop) });
        }
        for opened in opening.join_all().await {
            opened.unwrap();
        }
    }

    async fn keys_outlive_the_process(database) {
        let store = database.open().await;
        let key = create_key(&store, "kept").await;
        store.close().await;
        assert!(store.keys().await.unwrap_err().is_unavailable(), "closed is closed");
        let again = database.open().await;
        again.ping().await.unwrap();
        assert_eq!(again.keys().await.unwrap(), [key]);
    }

    async fn the_audit_log_cannot_be_rewritten(database) {
        let store = database.open().await;
        create_key(&store, "k").await;
        let mut connection = AnyConnection::connect(&database.url).await.unwrap();
        for statement in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
            let refused = connection.execute(statement).await.unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{refused}");
        }
        assert_eq!(store.audit_log(&AuditQuery::latest(10)).await.unwrap()[0].actor, "command line");
    }
}
