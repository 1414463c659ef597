//! The second factor of signing in, as it is kept.

use std::time::Duration;

use worv_core::{Entropy, Secret};
use worv_store::{Actor, AuditQuery, NewSession, RecoveryDigest, SessionDigest, StoreError, UserId};

use crate::support::{START, TestDatabase, create_user, on_each_database};

const CODES: [RecoveryDigest; 2] = [RecoveryDigest([1; 32]), RecoveryDigest([2; 32])];

on_each_database! {
    async fn it_is_asked_for_only_once_it_was_confirmed(database) {
        let store = database.open().await;
        let ada = create_user(&store, "ada").await.id;
        let by = Actor::user("ada", "::1");
        assert_eq!(store.second_factor(ada).await.unwrap(), None);
        let early = store.confirm_second_factor(ada, 7, &CODES, &by).await;
        assert!(matches!(early, Err(StoreError::Invalid { field: "second factor", .. })));

        store.begin_second_factor(ada, b"first").await.unwrap();
        store.begin_second_factor(ada, b"secret").await.unwrap();
        assert_eq!(store.user(ada).await.unwrap().second_factor_since, None);
        store.confirm_second_factor(ada, 7, &CODES, &by).await.unwrap();
        assert_eq!(store.user(ada).await.unwrap().second_factor_since, Some(START));
        let factor = store.second_factor(ada).await.unwrap().unwrap();
        assert_eq!((factor.secret.as_slice(), factor.last_step), (&b"secret"[..], 7));

        // One in force cannot be replaced by whoever holds an open page.
        assert!(store.begin_second_factor(ada, b"other").await.is_err());
        assert!(store.confirm_second_factor(ada, 8, &CODES, &by).await.is_err());

        store.remove_second_factor(ada, &by).await.unwrap();
        store.remove_second_factor(ada, &by).await.unwrap();
        assert_eq!(store.second_factor(ada).await.unwrap(), None);
        assert_eq!(store.recovery_codes_left(ada).await.unwrap(), 0);
        let log = store.audit_log(&AuditQuery::latest(2)).await.unwrap();
        assert_eq!([log[1].action.as_str(), log[0].action.as_str()], ["second_factor.on", "second_factor.off"]);
        assert!(!format!("{log:?}").contains("secret\""));
        assert!(matches!(store.second_factor(UserId(9)).await, Err(StoreError::NotFound { .. })));
    }

    async fn no_code_works_twice(database) {
        let store = database.open().await;
        let (ada, grace) = (create_user(&store, "ada").await.id, create_user(&store, "grace").await.id);
        store.begin_second_factor(ada, b"secret").await.unwrap();
        store.confirm_second_factor(ada, 7, &CODES, &Actor::user("ada", "::1")).await.unwrap();

        assert!(!store.use_totp_step(ada, 7).await.unwrap(), "the step that confirmed it");
        assert!(store.use_totp_step(ada, 8).await.unwrap());
        assert!(!store.use_totp_step(ada, 8).await.unwrap());
        assert!(!store.use_totp_step(ada, 6).await.unwrap());

        assert!(!store.use_recovery_code(grace, &CODES[0]).await.unwrap(), "another's");
        assert!(store.use_recovery_code(ada, &CODES[0]).await.unwrap());
        assert!(!store.use_recovery_code(ada, &CODES[0]).await.unwrap());
        assert_eq!(store.recovery_codes_left(ada).await.unwrap(), 1);
        store.replace_recovery_codes(ada, &[RecoveryDigest([3; 32])], &Actor::command_line()).await.unwrap();
        assert!(!store.use_recovery_code(ada, &CODES[1]).await.unwrap(), "from before");
    }

    async fn a_session_whose_second_factor_is_due_opens_nothing(database) {
        let store = database.open().await;
        let ada = create_user(&store, "ada").await;
        let digest = SessionDigest(Entropy::System.bytes());
        let minutes = START.plus(Duration::from_mins(5));
        let new = NewSession {
            digest,
            user: ada.id,
            csrf_token: Secret::new("token"),
            address: "10.0.0.1".to_owned(),
            user_agent: String::new(),
            idle_expires_at: minutes,
            expires_at: minutes,
            second_factor_due: true,
        };
        store.create_session(new).await.unwrap();
        assert_eq!(store.find_session(&digest).await.unwrap(), None);
        assert!(store.sessions().await.unwrap().is_empty());
        let due = store.find_session_due(&digest).await.unwrap().unwrap();
        assert_eq!(due.user, ada.id);
        database.clock.advance(Duration::from_mins(5));
        assert_eq!(store.find_session_due(&digest).await.unwrap(), None);
    }
}
