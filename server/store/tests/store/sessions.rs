//! Sessions of the console.

use std::time::Duration;

use worv_core::{Entropy, Secret};
use worv_store::{Actor, NewSession, SessionDigest, Store, UserId};

use crate::support::{START, TestDatabase, create_user, on_each_database};

const IDLE: Duration = Duration::from_mins(1);
const LONGEST: Duration = Duration::from_secs(150);

async fn begin(store: &Store, user: UserId) -> SessionDigest {
    let digest = SessionDigest(Entropy::System.bytes());
    let new = NewSession {
        digest,
        user,
        csrf_token: Secret::new("token"),
        address: "10.0.0.1".to_owned(),
        user_agent: "Browser\0/1".to_owned(),
        idle_expires_at: START.plus(IDLE),
        expires_at: START.plus(LONGEST),
        second_factor_due: false,
    };
    store.create_session(new).await.unwrap();
    digest
}

on_each_database! {
    async fn a_session_is_found_with_its_user(database) {
        let store = database.open().await;
        let ada = create_user(&store, "ada").await;
        let digest = begin(&store, ada.id).await;
        let session = store.find_session(&digest).await.unwrap().unwrap();
        assert_eq!((session.user, session.user_name.as_str(), session.role), (ada.id, "ada", ada.role));
        assert_eq!(session.csrf_token, Secret::new("token"));
        assert_eq!((session.address.as_str(), session.user_agent.as_str()), ("10.0.0.1", "Browser/1"));
        assert_eq!((session.created_at, session.last_seen_at), (START, START));
        assert_eq!(store.sessions().await.unwrap(), [session]);
        assert_eq!(store.find_session(&SessionDigest([0; 32])).await.unwrap(), None);
    }

    async fn a_session_ends_when_it_is_not_used_and_in_any_case_in_the_end(database) {
        let store = database.open().await;
        let ada = create_user(&store, "ada").await;
        let (used, unused) = (begin(&store, ada.id).await, begin(&store, ada.id).await);
        let id = store.find_session(&used).await.unwrap().unwrap().id;

        database.clock.advance(Duration::from_secs(59));
        store.touch_session(id, database.clock.now().plus(IDLE)).await.unwrap();
        assert!(store.find_session(&unused).await.unwrap().is_some(), "one second left");
        database.clock.advance(Duration::from_secs(1));
        assert_eq!(store.find_session(&unused).await.unwrap(), None, "idle for too long");
        let session = store.find_session(&used).await.unwrap().unwrap();
        assert_eq!(session.last_seen_at, START.plus(Duration::from_secs(59)));

        store.touch_session(id, START.plus(LONGEST * 2)).await.unwrap();
        database.clock.advance(Duration::from_secs(89));
        assert!(store.find_session(&used).await.unwrap().is_some());
        database.clock.advance(Duration::from_secs(1));
        assert_eq!(store.find_session(&used).await.unwrap(), None, "its time is over");
        assert!(store.sessions().await.unwrap().is_empty());
        assert_eq!(store.delete_expired_sessions().await.unwrap(), 2);
    }

    async fn ending_sessions_ends_those_and_no_others(database) {
        let store = database.open().await;
        let (ada, grace) = (create_user(&store, "ada").await, create_user(&store, "grace").await);
        let one = begin(&store, ada.id).await;
        let (other, kept) = (begin(&store, ada.id).await, begin(&store, grace.id).await);

        let id = store.find_session(&one).await.unwrap().unwrap().id;
        assert!(store.delete_session(id).await.unwrap());
        assert!(!store.delete_session(id).await.unwrap(), "there was none any more");
        assert_eq!(store.find_session(&one).await.unwrap(), None);
        assert_eq!(store.delete_user_sessions(ada.id).await.unwrap(), 1);
        assert_eq!(store.find_session(&other).await.unwrap(), None);
        assert_eq!(store.delete_expired_sessions().await.unwrap(), 0);
        assert!(store.find_session(&kept).await.unwrap().is_some());
    }

    async fn a_new_password_ends_every_session_of_its_user(database) {
        let store = database.open().await;
        let (ada, grace) = (create_user(&store, "ada").await, create_user(&store, "grace").await);
        let (ended, kept) = (begin(&store, ada.id).await, begin(&store, grace.id).await);
        store.set_password_hash(ada.id, &Secret::new("new"), &Actor::user("ada", "::1")).await.unwrap();
        assert_eq!(store.find_session(&ended).await.unwrap(), None);
        assert!(store.find_session(&kept).await.unwrap().is_some());
    }

    async fn only_a_user_can_have_a_session(database) {
        let store = database.open().await;
        let new = NewSession {
            digest: SessionDigest([1; 32]),
            user: UserId(99),
            csrf_token: Secret::new("token"),
            address: String::new(),
            user_agent: String::new(),
            idle_expires_at: START.plus(IDLE),
            expires_at: START.plus(LONGEST),
            second_factor_due: false,
        };
        assert!(store.create_session(new).await.is_err());
    }
}
