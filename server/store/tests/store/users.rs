//! Users.

use worv_api::Role;
use worv_core::Secret;
use worv_store::{Actor, AuditQuery, NewUser, StoreError, UserId};

use crate::support::{START, TestDatabase, create_user, on_each_database};

on_each_database! {
    async fn a_user_is_found_by_name_whatever_its_case(database) {
        let store = database.open().await;
        let ada = create_user(&store, "Ada").await;
        assert_eq!((ada.role, ada.created_at), (Role::Admin, START));
        assert_eq!(store.find_user("aDA").await.unwrap(), Some(ada.clone()));
        for nobody in ["Ad", "Ada ", "%", "Ada\0", "' OR 1=1 --", &"x".repeat(10_000)] {
            assert_eq!(store.find_user(nobody).await.unwrap(), None, "{nobody:?}");
        }
        assert_eq!(store.users().await.unwrap(), [ada]);
    }

    async fn a_name_is_taken_once(database) {
        let store = database.open().await;
        create_user(&store, "ada").await;
        let twin = NewUser {
            name: "ADA".to_owned(),
            role: Role::Viewer,
            password_hash: Secret::new("hash"),
        };
        let refused = store.create_user(twin, &Actor::command_line()).await.unwrap_err();
        assert!(matches!(refused, StoreError::NameTaken { what: "user", .. }), "{refused:?}");
        assert_eq!(refused.to_string(), "there is already a user called \"ADA\"");
        assert_eq!(store.audit_log(&AuditQuery::latest(10)).await.unwrap().len(), 1);
    }

    async fn only_administrators_are_counted(database) {
        let store = database.open().await;
        assert_eq!(store.count_admins().await.unwrap(), 0);
        create_user(&store, "ada").await;
        let viewer = NewUser {
            name: "grace".to_owned(),
            role: Role::Viewer,
            password_hash: Secret::new("hash"),
        };
        let viewer = store.create_user(viewer, &Actor::command_line()).await.unwrap();
        assert_eq!((viewer.role, store.count_admins().await.unwrap()), (Role::Viewer, 1));
    }

    async fn a_password_is_replaced_and_never_in_the_audit_log(database) {
        let store = database.open().await;
        let ada = create_user(&store, "ada").await;
        let hash = Secret::new("$argon2id$new");
        store.set_password_hash(ada.id, &hash, &Actor::user("ada", "::1")).await.unwrap();
        assert_eq!(store.find_user("ada").await.unwrap().unwrap().password_hash, hash);

        let log = store.audit_log(&AuditQuery::latest(10)).await.unwrap();
        assert_eq!(log[0].action, "user.password");
        assert!(!format!("{log:?}").contains("argon2"));

        let nobody = store.set_password_hash(UserId(9), &hash, &Actor::command_line()).await;
        assert!(matches!(nobody, Err(StoreError::NotFound { what: "user", id: 9 })));
    }

    async fn the_last_administrator_stays_one(database) {
        let store = database.open().await;
        let by = Actor::command_line();
        let (ada, grace) = (create_user(&store, "ada").await.id, create_user(&store, "grace").await.id);
        let user = store.set_role(grace, Role::Viewer, &by).await.unwrap();
        assert_eq!((user.role, store.user(grace).await.unwrap().role), (Role::Viewer, Role::Viewer));

        for refused in [store.set_role(ada, Role::Viewer, &by).await, store.delete_user(ada, &by).await] {
            assert!(matches!(refused, Err(StoreError::Invalid { field: "last administrator", .. })), "{refused:?}");
        }
        assert_eq!(store.user(ada).await.unwrap().role, Role::Admin, "half of it was done");
        store.set_role(grace, Role::Admin, &by).await.unwrap();
        store.delete_user(ada, &by).await.unwrap();
        assert!(matches!(store.user(ada).await, Err(StoreError::NotFound { .. })));

        let log = store.audit_log(&AuditQuery::latest(2)).await.unwrap();
        assert_eq!([log[1].action.as_str(), log[0].action.as_str()], ["user.role", "user.delete"]);
        assert_eq!(log[0].before.as_ref().unwrap()["name"], "ada");
    }

    async fn two_administrators_cannot_remove_each_other(database) {
        let (one, other) = (database.open().await, database.open().await);
        let by = Actor::command_line();
        let (ada, grace) = (create_user(&one, "ada").await.id, create_user(&one, "grace").await.id);
        let (first, second) = tokio::join!(one.delete_user(ada, &by), other.delete_user(grace, &by));
        assert_eq!(one.count_admins().await.unwrap(), 1, "{first:?} {second:?}");
    }

    async fn absurd_names_are_refused_and_never_run(database) {
        let store = database.open().await;
        let by = Actor::command_line();
        let ada = create_user(&store, "ada").await;
        let hostile = "'; DROP TABLE users; --";
        let mallory = create_user(&store, hostile).await;
        assert_eq!(store.find_user(hostile).await.unwrap().unwrap().id, mallory.id);
        for wildcard in ["a%", "___", "%", "ad_"] {
            assert_eq!(store.find_user(wildcard).await.unwrap(), None, "{wildcard}");
        }
        let long = "x".repeat(10_000);
        assert_eq!(store.find_user(&long).await.unwrap(), None);
        let new = NewUser { name: long, role: Role::Viewer, password_hash: Secret::new("hash") };
        assert!(matches!(store.create_user(new, &by).await, Err(StoreError::Invalid { field: "name", .. })));
        assert_eq!(store.user(ada.id).await.unwrap(), ada);
    }
}
