//! Keys and what the audit log has of them.

use std::time::Duration;

use serde_json::json;
use worv_core::key::{KeyDigest, KeyId};
use worv_store::{Actor, AuditQuery, NewKey, StoreError};

use crate::support::{START, TestDatabase, create_key, new_key, on_each_database};

on_each_database! {
    async fn a_key_is_listed_and_granted_as_it_was_created(database) {
        let store = database.open().await;
        let new = NewKey {
            owner: "Ada".to_owned(),
            note: "for the batch jobs".to_owned(),
            expires_at: Some(START.plus(Duration::from_mins(1))),
            ..new_key("batch")
        };
        let created = store.create_key(new.clone(), &Actor::command_line()).await.unwrap();
        assert_eq!(created.created_at, START);
        assert_eq!((&created.prefix, &created.last_four), (&new.prefix, &new.last_four));
        assert_eq!((created.expires_at, created.revoked_at, created.last_used_at), (new.expires_at, None, None));

        let second = create_key(&store, "second").await;
        assert_eq!(store.keys().await.unwrap(), [second, created.clone()], "newest first");

        let grants = store.key_grants().await.unwrap();
        let (_, grant) = grants.iter().find(|(digest, _)| *digest == new.digest).unwrap();
        assert_eq!((grant.id, grant.name.as_str()), (created.id, "batch"));
        assert_eq!((grant.expires_at, grant.revoked_at), (new.expires_at, None));
    }

    async fn revoking_again_keeps_the_first_time_and_is_not_a_second_entry(database) {
        let store = database.open().await;
        let key = create_key(&store, "short-lived").await;
        database.clock.advance(Duration::from_secs(1));
        let by = Actor::user("ada", "10.0.0.1");
        let first = store.revoke_key(key.id, &by).await.unwrap();
        assert_eq!(first.revoked_at, Some(START.plus(Duration::from_secs(1))));

        database.clock.advance(Duration::from_secs(1));
        assert_eq!(store.revoke_key(key.id, &by).await.unwrap(), first);
        assert_eq!(store.key_grants().await.unwrap()[0].1.revoked_at, first.revoked_at);
        assert_eq!(store.audit_log(&AuditQuery::latest(10)).await.unwrap().len(), 2, "one creation, one revocation");
    }

    async fn the_audit_log_tells_who_changed_what_and_holds_no_digest(database) {
        let store = database.open().await;
        let new = new_key("watched");
        let key = store.create_key(new.clone(), &Actor::command_line()).await.unwrap();
        store.revoke_key(key.id, &Actor::user("ada", "10.0.0.1")).await.unwrap();

        let log = store.audit_log(&AuditQuery::latest(10)).await.unwrap();
        let [revoked, created] = &log[..] else { panic!("{log:?}") };
        assert_eq!((revoked.actor.as_str(), revoked.address.as_str()), ("ada", "10.0.0.1"));
        assert_eq!((revoked.action.as_str(), revoked.subject.as_str()), ("key.revoke", "key 1"));
        assert_eq!(revoked.before.as_ref().unwrap()["revoked_at"], json!(null));
        assert_eq!(revoked.after.as_ref().unwrap()["revoked_at"], json!(START));
        assert_eq!((created.actor.as_str(), created.address.as_str()), ("command line", "local"));
        assert_eq!((&created.before, created.after.as_ref().unwrap()["name"].as_str()), (&None, Some("watched")));
    }

    async fn a_key_that_is_not_there_cannot_be_revoked(database) {
        let store = database.open().await;
        let refused = store.revoke_key(KeyId(7), &Actor::command_line()).await.unwrap_err();
        assert!(matches!(refused, StoreError::NotFound { what: "key", id: 7 }), "{refused}");
        assert_eq!(refused.to_string(), "there is no key 7");
        assert!(store.audit_log(&AuditQuery::latest(10)).await.unwrap().is_empty());
    }

    async fn names_are_data_whatever_is_in_them(database) {
        let store = database.open().await;
        let name = "'); DROP TABLE api_keys; -- %_ \" $1 ? ключ";
        create_key(&store, name).await;
        assert_eq!(store.keys().await.unwrap()[0].name, name);
    }

    async fn a_key_that_breaks_a_rule_is_refused_by_name(database) {
        let store = database.open().await;
        let long = "x".repeat(10_000);
        for (broken, message) in [
            (new_key(""), "name must have 1 to 100 characters and no line breaks"),
            (new_key(&long), "name must have 1 to 100 characters and no line breaks"),
            (new_key("a\nb"), "name must have 1 to 100 characters and no line breaks"),
            (
                NewKey { owner: long.clone(), ..new_key("a") },
                "owner must have at most 100 characters and no line breaks",
            ),
            (NewKey { note: long.clone(), ..new_key("a") }, "note must have at most 500 characters and no line breaks"),
            (NewKey { expires_at: Some(START), ..new_key("a") }, "expiry must lie ahead"),
        ] {
            let refused = store.create_key(broken, &Actor::command_line()).await.unwrap_err();
            assert_eq!(refused.to_string(), message);
        }
        assert!(store.keys().await.unwrap().is_empty());
        assert!(store.audit_log(&AuditQuery::latest(10)).await.unwrap().is_empty());
    }

    async fn many_may_write_at_once(database) {
        let stores = [database.open().await, database.open().await];
        let mut writing = tokio::task::JoinSet::new();
        for number in 0..40 {
            let store = stores[number % 2].clone();
            writing.spawn(async move { create_key(&store, &format!("key {number}")).await.id });
        }
        let mut ids: Vec<_> = writing.join_all().await;
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 40);
        assert_eq!(stores[0].audit_log(&AuditQuery::latest(100)).await.unwrap().len(), 40);
    }

    async fn two_keys_never_share_a_digest(database) {
        let store = database.open().await;
        let new = NewKey { digest: KeyDigest([7; 32]), ..new_key("one") };
        store.create_key(new.clone(), &Actor::command_line()).await.unwrap();
        let refused = store.create_key(new, &Actor::command_line()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Failed(_)), "{refused}");
        assert_eq!(store.keys().await.unwrap().len(), 1);
    }

    async fn absurd_texts_are_refused_and_never_run(database) {
        let store = database.open().await;
        let hostile = "'); DELETE FROM api_keys; --%_";
        let key = create_key(&store, hostile).await;
        assert_eq!(store.key(key.id).await.unwrap().name, hostile);
        let long = "x".repeat(10_000);
        for new in [
            NewKey { name: long.clone(), ..new_key("n") },
            NewKey { owner: long.clone(), ..new_key("n") },
            NewKey { note: long.clone(), ..new_key("n") },
        ] {
            let refused = store.create_key(new, &Actor::command_line()).await;
            assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
        }
        assert_eq!(store.keys().await.unwrap().len(), 1);
    }
}
