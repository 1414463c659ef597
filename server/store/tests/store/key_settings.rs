//! What a key may do, and changing that.

use std::time::Duration;

use serde_json::json;
use worv_core::{
    Entropy, UnixMillis,
    key::{KeyDigest, KeyId, KeySecret},
};
use worv_store::{Actor, AuditQuery, KeyEdit, KeySettings, NewKey, Store, StoreError};

use crate::support::{START, TestDatabase, create_key, new_key, on_each_database};

fn everything() -> KeySettings {
    KeySettings {
        tags: vec!["batch".to_owned(), "Käse \"quoted\"".to_owned()],
        models: Some(vec!["DeepSeek-V4-Pro".to_owned()]),
        requests_per_minute: Some(1),
        tokens_per_minute: Some(2),
        concurrency: Some(3),
        budget_day: Some(4),
        budget_month: Some(5),
        max_output_tokens: Some(6),
        weight: 7,
        strip_han: true,
        echo_model: true,
    }
}

/// The end and the stop of the grant that a secret has.
async fn grant(store: &Store, secret: &KeySecret) -> Option<(Option<UnixMillis>, Option<UnixMillis>)> {
    let grants = store.key_grants().await.unwrap();
    let found = grants.into_iter().find(|(digest, _)| *digest == secret.digest());
    found.map(|(_, grant)| (grant.expires_at, grant.revoked_at.or(grant.suspended_at)))
}

fn by() -> Actor {
    Actor::user("ada", "10.0.0.1")
}

on_each_database! {
    async fn settings_are_kept_and_edited_as_a_whole(database) {
        let store = database.open().await;
        let plain = create_key(&store, "plain").await;
        assert_eq!(plain.settings, KeySettings::default());
        let full = NewKey { settings: everything(), ..new_key("full") };
        let full = store.create_key(full, &by()).await.unwrap();
        assert_eq!(full.settings, everything());
        let grants = store.key_grants().await.unwrap();
        let granted: Vec<_> = grants.into_iter().map(|(_, grant)| grant.settings).collect();
        assert_eq!(granted, [KeySettings::default(), everything()]);

        let edit = KeyEdit { name: "renamed".to_owned(), settings: everything(), ..plain.edit() };
        let edited = store.edit_key(plain.id, edit.clone(), &by()).await.unwrap();
        assert_eq!(edited.edit(), edit);
        assert_eq!(store.keys().await.unwrap(), [full, edited]);

        let entry = &store.audit_log(&AuditQuery::latest(1)).await.unwrap()[0];
        assert_eq!(entry.action, "key.edit");
        assert_eq!(entry.before.as_ref().unwrap()["settings"]["weight"], json!(100));
        assert_eq!(entry.after.as_ref().unwrap()["settings"]["weight"], json!(7));
    }

    async fn settings_out_of_range_are_refused(database) {
        let store = database.open().await;
        let plain = KeySettings::default();
        for (broken, message) in [
            (KeySettings { tags: vec!["a".to_owned(); 21], ..plain.clone() }, "tags must be at most 20"),
            (
                KeySettings { tags: vec![String::new()], ..plain.clone() },
                "tag must have 1 to 50 characters and no line breaks",
            ),
            (KeySettings { models: Some(Vec::new()), ..plain.clone() }, "models must be 1 to 100 where they are listed"),
            (
                KeySettings { models: Some(vec!["x".repeat(201)]), ..plain.clone() },
                "model must have 1 to 200 characters and no line breaks",
            ),
            (
                KeySettings { budget_day: Some(0), ..plain.clone() },
                "budget per day must be more than 0; suspend the key to stop it",
            ),
            (KeySettings { weight: 0, ..plain.clone() }, "weight must be 1 to 1000"),
        ] {
            let refused = store.create_key(NewKey { settings: broken, ..new_key("k") }, &by()).await.unwrap_err();
            assert_eq!(refused.to_string(), message);
        }
        assert!(store.keys().await.unwrap().is_empty());
    }

    async fn after_a_rotation_both_secrets_work_until_the_overlap_ends(database) {
        let store = database.open().await;
        let secrets = [1, 2, 3].map(|seed| KeySecret::generate(&Entropy::counted(seed)));
        let key = store.create_key(NewKey::new(&secrets[0], "k", START), &by()).await.unwrap();

        let hour = Duration::from_hours(1);
        let rotated = store.rotate_key(key.id, &secrets[1], hour, &by()).await.unwrap();
        assert_eq!((rotated.id, rotated.last_four.as_str()), (key.id, secrets[1].last_four()));
        assert_eq!(rotated.previous_until, Some(START.plus(hour)));
        assert_eq!(grant(&store, &secrets[1]).await, Some((None, None)));
        assert_eq!(grant(&store, &secrets[0]).await, Some((Some(START.plus(hour)), None)));

        store.rotate_key(key.id, &secrets[2], hour, &by()).await.unwrap();
        assert_eq!(grant(&store, &secrets[0]).await, None, "the oldest ends at once");
        assert!(grant(&store, &secrets[1]).await.is_some() && grant(&store, &secrets[2]).await.is_some());

        store.revoke_key(key.id, &by()).await.unwrap();
        for secret in &secrets[1..] {
            assert!(grant(&store, secret).await.unwrap().1.is_some(), "both secrets are revoked");
        }
    }

    async fn a_suspended_key_is_refused_until_it_is_resumed(database) {
        let store = database.open().await;
        let secret = KeySecret::generate(&Entropy::System);
        let key = store.create_key(NewKey::new(&secret, "k", START), &by()).await.unwrap();
        let suspended = store.suspend_key(key.id, &by()).await.unwrap();
        assert_eq!(suspended.suspended_at, Some(START));
        assert_eq!(grant(&store, &secret).await, Some((None, Some(START))));

        database.clock.advance(Duration::from_secs(1));
        assert_eq!(store.suspend_key(key.id, &by()).await.unwrap(), suspended);
        assert_eq!(store.resume_key(key.id, &by()).await.unwrap(), key);
        assert_eq!(store.resume_key(key.id, &by()).await.unwrap(), key);
        assert_eq!(grant(&store, &secret).await, Some((None, None)));
        let entries = store.audit_log(&AuditQuery::latest(9)).await.unwrap();
        let actions: Vec<_> = entries.into_iter().map(|entry| entry.action).collect();
        assert_eq!(actions, ["key.resume", "key.suspend", "key.create"], "what changed nothing is not an entry");
    }

    async fn a_revoked_key_stays_as_it_is(database) {
        let store = database.open().await;
        let key = create_key(&store, "k").await;
        let revoked = store.revoke_key(key.id, &by()).await.unwrap();
        let secret = KeySecret::generate(&Entropy::System);
        let attempts = [
            store.edit_key(key.id, key.edit(), &by()).await,
            store.rotate_key(key.id, &secret, Duration::ZERO, &by()).await,
            store.suspend_key(key.id, &by()).await,
            store.resume_key(key.id, &by()).await,
        ];
        for attempt in attempts {
            let refused = attempt.unwrap_err();
            assert_eq!(refused.to_string(), "the key was revoked, and cannot be changed any more");
        }
        assert_eq!(store.keys().await.unwrap(), [revoked]);
        assert!(matches!(
            store.suspend_key(KeyId(99), &by()).await,
            Err(StoreError::NotFound { what: "key", id: 99 })
        ));
    }

    async fn an_expiry_that_has_passed_may_stay_but_not_be_set(database) {
        let store = database.open().await;
        let until = START.plus(Duration::from_secs(1));
        let new = NewKey { expires_at: Some(until), digest: KeyDigest([1; 32]), ..new_key("k") };
        let key = store.create_key(new, &by()).await.unwrap();
        database.clock.advance(Duration::from_secs(5));
        let noted = KeyEdit { note: "over".to_owned(), ..key.edit() };
        assert_eq!(store.edit_key(key.id, noted.clone(), &by()).await.unwrap().expires_at, Some(until));
        let past = KeyEdit { expires_at: Some(until.plus(Duration::from_secs(1))), ..noted.clone() };
        assert!(matches!(
            store.edit_key(key.id, past, &by()).await,
            Err(StoreError::Invalid { field: "expiry", .. })
        ));
        let endless = KeyEdit { expires_at: None, ..noted };
        assert_eq!(store.edit_key(key.id, endless, &by()).await.unwrap().expires_at, None);
    }
}
