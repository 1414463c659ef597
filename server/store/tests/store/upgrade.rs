//! Databases that earlier versions have written.

use std::{fs, time::Duration};

use sqlx::{AnyConnection, Connection};
use worv_core::{
    id::RequestId,
    key::{KeyDigest, KeyId, KeySettings},
};
use worv_store::usage::RequestQuery;

use crate::support::{START, TestDatabase, on_each_database};

/// The schema of the first version, as it was released.
fn first_schema(database: &TestDatabase) -> &'static str {
    if database.is_sqlite() {
        include_str!("../../migrations/sqlite/0001_keys_users_usage.sql")
    } else {
        include_str!("../../migrations/postgres/0001_keys_users_usage.sql")
    }
}

/// Writes what the first version would have: one key, and a request of each outcome an hour apart.
async fn write_as_the_first_version(database: &TestDatabase) {
    let mut url = database.url.clone();
    if database.is_sqlite() {
        fs::create_dir_all(database.file().parent().unwrap()).unwrap();
        url.push_str("?mode=rwc");
    }
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    for script in [
        first_schema(database),
        "CREATE TABLE schema_versions (
             version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL
         );
         INSERT INTO schema_versions VALUES (1, 'keys_users_usage', 0);
         INSERT INTO models (name) VALUES ('DeepSeek-V4-Pro');",
    ] {
        sqlx::raw_sql(script).execute(&mut connection).await.unwrap();
    }
    let insert_key = "INSERT INTO api_keys (digest, prefix, last_four, name, owner, note, created_at) \
         VALUES ($1, 'sk-worv-abcd', 'wxyz', 'old', '', '', $2)";
    sqlx::query(insert_key)
        .bind([7; 32].to_vec())
        .bind(START.0)
        .execute(&mut connection)
        .await
        .unwrap();
    let insert_request = "INSERT INTO requests (id, key_id, endpoint, model_id, stream, prompt_tokens, cached_tokens, \
         completion_tokens, reasoning_tokens, outcome, status, started_at, first_byte_ms, duration_ms, queue_ms, \
         overhead_us, client, clamped) \
         VALUES ($1, 1, 0, 1, 1, 100, 60, 20, 5, $2, 200, $3, 40, 900, 0, 0, 0, 0)";
    for outcome in 0..5_i16 {
        let started_at = START.plus(Duration::from_hours(outcome.unsigned_abs().into()));
        sqlx::query(insert_request)
            .bind(RequestId::first_at(started_at).to_bytes().to_vec())
            .bind(outcome)
            .bind(started_at.0)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    connection.close().await.unwrap();
}

on_each_database! {
    async fn what_the_first_version_wrote_is_kept(database) {
        write_as_the_first_version(&database).await;
        let store = database.open().await;

        let key = &store.keys().await.unwrap()[0];
        assert_eq!((key.id, key.name.as_str(), &key.settings), (KeyId(1), "old", &KeySettings::default()));
        assert_eq!(store.key_grants().await.unwrap()[0].0, KeyDigest([7; 32]));
        let requests = store.requests(&RequestQuery::latest(10)).await.unwrap();
        let tokens = (requests[0].prompt_tokens, requests[0].completion_tokens);
        assert_eq!((requests.len(), tokens), (5, (100, 20)));
    }
}
