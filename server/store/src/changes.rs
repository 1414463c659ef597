//! How a running server notices keys that it, the command line or another server has changed.

use std::time::Duration;

use sqlx::{AnyConnection, Connection, postgres::PgListener};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    StoreError,
    store::{Kind, Opened},
};

/// How often an `SQLite` file is looked at for what other processes did. A look is one read of shared memory.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long to wait before listening to a PostgreSQL server again that does not answer.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What the schema's triggers notify of changes to keys.
const CHANNEL: &str = "worv_keys";

/// Waits for changes to keys. Changes to anything else, such as usage, do not wake it.
pub struct Changes {
    source: Source,
    /// What happened before the watch began is known to nobody.
    begun: bool,
}

enum Source {
    File(File),
    Server(Server),
}

/// An `SQLite` file, and what it was like at the last look.
struct File {
    /// `PRAGMA data_version` tells of other connections' commits only, so this one is for nothing else.
    connection: AnyConnection,
    own_writes: watch::Receiver<u64>,
    /// Changes with every commit of anything (<https://www.sqlite.org/pragma.html#pragma_data_version>).
    data_version: i64,
    /// Changes with every change to a key.
    revision: i64,
}

/// A PostgreSQL server, and the connection that listens to it.
struct Server {
    listener: PgListener,
    url: String,
    /// The connection broke: what has happened since was announced to nobody.
    lost: bool,
}

impl Changes {
    pub(crate) async fn open(opened: &Opened, own_writes: watch::Receiver<u64>) -> Result<Self, StoreError> {
        let source = match opened.kind {
            Kind::Sqlite => {
                let mut connection = AnyConnection::connect_with(&opened.options).await?;
                Source::File(File {
                    data_version: data_version(&mut connection).await?,
                    revision: revision(&mut connection).await?,
                    connection,
                    own_writes,
                })
            }
            Kind::Postgres => {
                let url = opened.options.database_url.to_string();
                Source::Server(Server {
                    listener: listen(&url).await?,
                    url,
                    lost: false,
                })
            }
        };
        Ok(Self { source, begun: false })
    }

    /// Resolves at once the first time, so that whoever reads the keys after it has missed nothing; from then on when
    /// keys have changed since it last resolved: within half a second for another process's changes, at once for one's
    /// own. Several changes may come as one, and a change may come when there was none: it resolves when the connection
    /// to a server is lost, so that whoever tries to read the keys learns that they may not be all there are, and when
    /// the server listens again, since nobody knows what happened meanwhile. Safe to drop and to call again.
    pub async fn changed(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            return;
        }
        match &mut self.source {
            Source::File(file) => file.changed().await,
            Source::Server(server) => server.changed().await,
        }
    }
}

impl File {
    async fn changed(&mut self) {
        let mut next_look = interval(LOOK_EVERY);
        next_look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                _ = next_look.tick() => {}
                Ok(()) = self.own_writes.changed() => {}
            }
            match self.look().await {
                Ok(true) => return,
                Ok(false) => failing = false,
                Err(error) => warn_once(&mut failing, &error),
            }
        }
    }

    async fn look(&mut self) -> Result<bool, StoreError> {
        let data_version = data_version(&mut self.connection).await?;
        if data_version == self.data_version {
            return Ok(false);
        }
        let revision = revision(&mut self.connection).await?;
        let changed = revision != self.revision;
        (self.data_version, self.revision) = (data_version, revision);
        Ok(changed)
    }
}

impl Server {
    async fn changed(&mut self) {
        let mut failing = false;
        if !self.lost {
            match self.listener.try_recv().await {
                Ok(Some(_)) => {}
                Ok(None) => self.lost = true,
                Err(error) => {
                    self.lost = true;
                    warn_once(&mut failing, &error.into());
                }
            }
            return;
        }
        loop {
            match listen(&self.url).await {
                Ok(listener) => {
                    self.listener = listener;
                    self.lost = false;
                    return;
                }
                Err(error) => warn_once(&mut failing, &error),
            }
            sleep(LISTEN_AGAIN_AFTER).await;
        }
    }
}

/// A connection of its own that keys' changes are announced to.
async fn listen(url: &str) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect(url).await?;
    // It would reconnect in silence, and what happened in between would never be known.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

fn warn_once(failing: &mut bool, error: &StoreError) {
    if !*failing {
        *failing = true;
        tracing::warn!(%error, "cannot look for changed keys; asking again");
    }
}

async fn data_version(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(connection).await?)
}

async fn revision(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT value FROM revision")
        .fetch_one(connection)
        .await?)
}
