//! Putting a backup in the place of the database.

use std::fs;

use sqlx::{AnyConnection, Connection, Executor};
use worv_store::{Store, StoreError};

use crate::support::{TestDatabase, create_key};

#[tokio::test]
async fn a_backup_takes_the_place_of_what_is_there_and_nothing_is_deleted() {
    let database = TestDatabase::sqlite();
    let copy = database.file().with_file_name("copy.db");
    let store = database.open().await;
    let kept = create_key(&store, "kept").await;
    store.back_up(&copy).await.unwrap();
    let later = create_key(&store, "made after the backup").await;

    let refused = Store::restore(&database.url, &copy, &database.clock).await.unwrap_err();
    assert_eq!(refused.to_string(), "the database is in use: stop the server first");
    store.close().await;

    let aside = Store::restore(&database.url, &copy, &database.clock)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(database.open().await.keys().await.unwrap(), std::slice::from_ref(&kept));
    let before = Store::open(&format!("sqlite://{}", aside.display()), database.clock.clone())
        .await
        .unwrap();
    assert_eq!(before.keys().await.unwrap(), [later, kept]);
    assert!(copy.is_file(), "the backup stays");
}

#[tokio::test]
async fn a_database_that_is_gone_or_damaged_is_restored_all_the_same() {
    let database = TestDatabase::sqlite();
    let copy = database.file().with_file_name("copy.db");
    let store = database.open().await;
    let key = create_key(&store, "k").await;
    store.back_up(&copy).await.unwrap();
    store.close().await;
    fs::write(database.file(), "not a database any more").unwrap();
    assert!(
        Store::restore(&database.url, &copy, &database.clock)
            .await
            .unwrap()
            .is_some()
    );
    let store = database.open().await;
    assert_eq!(store.keys().await.unwrap(), std::slice::from_ref(&key));
    store.close().await;

    fs::remove_file(database.file()).unwrap();
    assert_eq!(
        Store::restore(&database.url, &copy, &database.clock).await.unwrap(),
        None
    );
    assert_eq!(database.open().await.keys().await.unwrap(), [key]);
}

#[tokio::test]
async fn what_cannot_be_restored_leaves_everything_as_it_was() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let key = create_key(&store, "k").await;
    let newer = database.file().with_file_name("newer.db");
    store.back_up(&newer).await.unwrap();
    store.close().await;
    let mut connection = AnyConnection::connect(&format!("sqlite://{}", newer.display()))
        .await
        .unwrap();
    connection
        .execute("INSERT INTO schema_versions (version, name, applied_at) VALUES (999, 'tomorrow', 0)")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let text = database.file().with_file_name("notes.txt");
    fs::write(&text, "no database").unwrap();

    let restore = async |from| Store::restore(&database.url, from, &database.clock).await.unwrap_err();
    assert!(matches!(
        restore(&newer).await,
        StoreError::NewerSchema { found: 999, .. }
    ));
    assert!(matches!(restore(&text).await, StoreError::CannotOpen { .. }));
    assert!(matches!(
        restore(&database.file().with_file_name("nothing.db")).await,
        StoreError::CannotOpen { .. }
    ));
    assert_eq!(database.open().await.keys().await.unwrap(), [key]);
}

#[tokio::test]
async fn a_server_s_database_is_left_to_its_own_program() {
    let database = TestDatabase::postgres();
    let refused = Store::restore(&database.url, "copy.db".as_ref(), &database.clock)
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the database is on a PostgreSQL server: restore it with psql or pg_restore"
    );
}
