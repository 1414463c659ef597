//! How one process notices what another has changed.

use std::time::Duration;

use tokio::time::timeout;
use worv_core::usage::UsageSink;
use worv_store::{
    Actor, Changes, Store,
    usage::{Durability, Writer},
};

use crate::{
    support::{TestDatabase, create_key, create_user, on_each_database},
    usage::record,
};

/// Long enough for a contended machine; nothing here waits for it to pass.
const AMPLE: Duration = Duration::from_secs(30);

async fn noticed(changes: &mut Changes) {
    timeout(AMPLE, changes.changed())
        .await
        .expect("the change was not noticed");
}

/// Watches from now on.
async fn watch(store: &Store) -> Changes {
    let mut changes = store.changes().await.unwrap();
    noticed(&mut changes).await;
    changes
}

on_each_database! {
    async fn another_process_s_new_and_revoked_keys_are_noticed(database) {
        let (server, command_line) = (database.open().await, database.open().await);
        let mut changes = watch(&server).await;
        let key = create_key(&command_line, "new").await;
        noticed(&mut changes).await;
        assert_eq!(server.key_grants().await.unwrap()[0].1.id, key.id);
        command_line.revoke_key(key.id, &Actor::command_line()).await.unwrap();
        noticed(&mut changes).await;
        assert!(server.key_grants().await.unwrap()[0].1.revoked_at.is_some());
    }

    async fn one_s_own_changes_are_noticed_and_so_is_what_happened_before_the_first_wait(database) {
        let store = database.open().await;
        let mut changes = watch(&store).await;
        create_key(&store, "own").await;
        noticed(&mut changes).await;
    }

    async fn usage_and_users_are_no_changes_to_keys(database) {
        let (server, other) = (database.open().await, database.open().await);
        let key = create_key(&server, "used").await;
        let mut changes = watch(&server).await;
        let writer = Writer::start(other.clone(), Durability::Strict).unwrap();
        writer.record(record(key.id, 1)).await;
        create_user(&other, "ada").await;
        assert!(server.keys().await.unwrap()[0].last_used_at.is_some());
        // Had the commits above counted, this would be ready before the key's change is made.
        let look = Duration::from_secs(1);
        assert!(timeout(look, changes.changed()).await.is_err(), "woken by something else");
        create_key(&other, "new").await;
        noticed(&mut changes).await;
    }
}
