//! The audit log as it is read.

use serde_json::json;
use worv_store::{Actor, AuditQuery, Store};

use crate::support::{START, TestDatabase, create_key, create_user, on_each_database};

/// The subjects of the entries that a query finds.
async fn subjects(store: &Store, query: AuditQuery) -> Vec<String> {
    let entries = store.audit_log(&query).await.unwrap();
    entries.into_iter().map(|entry| entry.subject).collect()
}

on_each_database! {
    async fn an_entry_is_read_as_it_was_written(database) {
        let store = database.open().await;
        let by = Actor::user("a\nda", "10.0.0.1");
        let (before, after) = (json!({"role": "viewer", "name": "O'Hara \u{0}"}), json!(null));
        let entry = by.did("user.edit", "user 3".to_owned()).change(Some(before.clone()), Some(after.clone()));
        store.audit(entry).await.unwrap();
        let entry = &store.audit_log(&AuditQuery::latest(10)).await.unwrap()[0];
        assert_eq!((entry.at, entry.actor.as_str(), entry.address.as_str()), (START, "ada", "10.0.0.1"));
        assert_eq!((entry.action.as_str(), entry.subject.as_str()), ("user.edit", "user 3"));
        assert_eq!((entry.before.as_ref(), entry.after.as_ref()), (Some(&before), Some(&after)));
    }

    async fn entries_are_filtered_by_whole_texts_and_read_by_page(database) {
        let store = database.open().await;
        create_key(&store, "one").await;
        create_key(&store, "two").await;
        create_user(&store, "ada").await;
        store.audit(Actor::user("ada", "::1").did("session.begin", "user 1".to_owned())).await.unwrap();

        let all = AuditQuery::latest(10);
        assert_eq!(subjects(&store, all.clone()).await, ["user 1", "user 1", "key 2", "key 1"]);
        let actor = Some("ada".to_owned());
        assert_eq!(subjects(&store, AuditQuery { actor, ..all.clone() }).await, ["user 1"]);
        let action = Some("key.create".to_owned());
        assert_eq!(subjects(&store, AuditQuery { action: action.clone(), ..all.clone() }).await, ["key 2", "key 1"]);
        let subject = Some("key 1".to_owned());
        assert_eq!(subjects(&store, AuditQuery { subject, action, ..all.clone() }).await, ["key 1"]);
        for wildcard in ["%", "key%", "key _", "' OR 1=1 --"] {
            let subject = Some(wildcard.to_owned());
            assert!(subjects(&store, AuditQuery { subject, ..all.clone() }).await.is_empty(), "{wildcard}");
        }

        let page = store.audit_log(&AuditQuery::latest(3)).await.unwrap();
        let before = page.last().map(|entry| entry.id);
        assert_eq!(subjects(&store, AuditQuery { before, ..all }).await, ["key 1"]);
    }
}
