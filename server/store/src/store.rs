//! The database as the rest of the server holds it.

use std::{fmt, sync::Arc};

use sqlx::{Any, AnyPool, Transaction, any::AnyConnectOptions};
use tokio::sync::watch;
use worv_core::Clock;

use crate::{Changes, StoreError, migrate, postgres, sqlite, usage::Backlog};

/// An open database, migrated to the schema of this program. Every clone shares its connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// Which kind of database it is, for the few places where that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// What a kind of database opens with.
pub(crate) struct Opened {
    pub(crate) kind: Kind,
    /// Where it is, without secrets.
    pub(crate) place: String,
    pub(crate) options: AnyConnectOptions,
    /// One connection where the database has one writer at a time.
    pub(crate) writers: AnyPool,
    pub(crate) readers: AnyPool,
}

struct Inner {
    opened: Opened,
    clock: Clock,
    /// Counts what this process has changed; [`Changes`] waits for it.
    own_writes: watch::Sender<u64>,
    backlog: Backlog,
}

impl Store {
    /// Opens the database at `url`, creating an `SQLite` file where there is none, and brings its schema up to date.
    ///
    /// `sqlite://PATH` is a file: it and its `-wal` and `-shm` files are for the owner only (0600), and so is a
    /// directory that had to be created for it (0700). `postgres://USER:PASSWORD@HOST/DATABASE` is a PostgreSQL
    /// server, which any number of gateways may share. In both, writes are on the disk when they are reported done,
    /// also if the power fails in the next moment.
    ///
    /// # Errors
    /// [`StoreError::InvalidUrl`], [`StoreError::CannotOpen`], [`StoreError::NewerSchema`] where a newer program has
    /// migrated it, and [`StoreError::Unavailable`] or [`StoreError::Failed`] where a migration did not go through,
    /// in which case nothing of it is left.
    pub async fn open(url: &str, clock: Clock) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let opened = match url.split_once(':') {
            Some(("sqlite", path)) => sqlite::open(path).await?,
            Some(("postgres" | "postgresql", _)) => postgres::open(url).await?,
            _ => {
                return Err(StoreError::InvalidUrl(
                    "must begin with sqlite:// or postgres://".to_owned(),
                ));
            }
        };
        migrate::run(&opened, &clock).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                opened,
                clock,
                own_writes: watch::Sender::new(0),
                backlog: Backlog::default(),
            }),
        })
    }

    /// Tells when keys have changed, in this process or in another.
    pub async fn changes(&self) -> Result<Changes, StoreError> {
        Changes::open(&self.inner.opened, self.inner.own_writes.subscribe()).await
    }

    /// The number of the database's schema.
    pub async fn schema(&self) -> Result<i64, StoreError> {
        let newest = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";
        Ok(sqlx::query_scalar(newest).fetch_one(self.readers()).await?)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(self.readers()).await?;
        Ok(())
    }

    /// Closes every connection, once the statements under way have ended. What is asked of the store afterwards, or
    /// of a clone of it, fails.
    pub async fn close(&self) {
        self.inner.opened.readers.close().await;
        self.inner.opened.writers.close().await;
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub(crate) fn kind(&self) -> Kind {
        self.inner.opened.kind
    }

    /// Usage that this process has taken and not written yet. Whoever reads usage waits for it first.
    pub(crate) fn backlog(&self) -> &Backlog {
        &self.inner.backlog
    }

    /// What a connection beside the pools is opened with.
    pub(crate) fn options(&self) -> &AnyConnectOptions {
        &self.inner.opened.options
    }

    /// Connections for statements that change nothing.
    pub(crate) fn readers(&self) -> &AnyPool {
        &self.inner.opened.readers
    }

    /// A transaction that may write; its turn has come when it is there, so that it cannot fail for another's sake
    /// half-way (`SQLite`). Without [`Transaction::commit`] nothing of it remains.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.inner.opened.begin().await?)
    }

    /// Wakes this process's [`Changes`] right after a commit, instead of at the next look at the database.
    pub(crate) fn announce_change(&self) {
        self.inner.own_writes.send_modify(|count| *count += 1);
    }
}

impl Opened {
    /// See [`Store::begin`].
    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        match self.kind {
            // A deferred transaction that reads first fails with "busy" when another process wrote in between.
            Kind::Sqlite => self.writers.begin_with("BEGIN IMMEDIATE").await,
            Kind::Postgres => self.writers.begin().await,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.inner.opened.place).finish()
    }
}
