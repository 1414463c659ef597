//! A database of its own for each test.

mod postgres;

use std::path::PathBuf;

use tempfile::TempDir;
use worv_api::Role;
use worv_core::{Clock, Entropy, Secret, UnixMillis, key::KeySecret};
use worv_store::{Actor, KeyRow, NewKey, NewUser, Store, UserRow};

/// When every test's clock begins.
pub(crate) const START: UnixMillis = UnixMillis(1_790_000_000_000);

/// An empty database that goes with the test.
pub(crate) struct TestDatabase {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    home: Home,
}

/// What the database lies in, and goes with.
enum Home {
    Directory(TempDir),
    Server(postgres::Database),
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        Self {
            url: format!("sqlite://{}/data/worv.db", directory.path().display()),
            clock: Clock::manual(START),
            home: Home::Directory(directory),
        }
    }

    pub(crate) fn postgres() -> Self {
        let database = postgres::Database::create();
        Self {
            url: database.url.clone(),
            clock: Clock::manual(START),
            home: Home::Server(database),
        }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.home, Home::Directory(_))
    }

    /// The file of an `SQLite` database.
    pub(crate) fn file(&self) -> PathBuf {
        match &self.home {
            Home::Directory(directory) => directory.path().join("data/worv.db"),
            Home::Server(database) => panic!("{} is not a file", database.url),
        }
    }

    /// A store on it, as another process would open it.
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url, self.clock.clone()).await.unwrap()
    }
}

pub(crate) fn new_key(name: &str) -> NewKey {
    NewKey::new(&KeySecret::generate(&Entropy::System), name, START)
}

pub(crate) async fn create_key(store: &Store, name: &str) -> KeyRow {
    store.create_key(new_key(name), &Actor::command_line()).await.unwrap()
}

pub(crate) async fn create_user(store: &Store, name: &str) -> UserRow {
    let new = NewUser {
        name: name.to_owned(),
        role: Role::Admin,
        password_hash: Secret::new("$argon2id$hash"),
    };
    store.create_user(new, &Actor::command_line()).await.unwrap()
}

/// Runs one test on each kind of database.
macro_rules! on_each_database {
    ($(async fn $name:ident($database:ident) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn check($database: TestDatabase) $body

            #[tokio::test]
            async fn sqlite() {
                check(TestDatabase::sqlite()).await;
            }

            #[tokio::test]
            async fn postgres() {
                check(TestDatabase::postgres()).await;
            }
        }
    )+};
}
pub(crate) use on_each_database;
