//! How a running server notices keys that it, the command line or another server has changed.

use std::time::Duration;

use sqlx::{AnyConnection, Connection};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use crate::{StoreError, store::Opened};

/// How often the file is looked at for what other processes did. A look is one read of shared memory.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Waits for changes to keys. Changes to anything else, such as usage, do not wake it.
pub struct Changes {
    /// `PRAGMA data_version` tells of other connections' commits only, so this one is for nothing else.
    connection: AnyConnection,
    own_writes: watch::Receiver<u64>,
    seen: Seen,
}

/// The state of the database at the last look.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Changes with every commit of anything (<https://www.sqlite.org/pragma.html#pragma_data_version>).
    data_version: i64,
    /// Changes with every change to a key.
    revision: i64,
}

impl Changes {
    pub(crate) async fn watch(opened: &Opened, own_writes: watch::Receiver<u64>) -> Result<Self, StoreError> {
        let mut connection = AnyConnection::connect_with(&opened.options).await?;
        let seen = Seen {
            data_version: data_version(&mut connection).await?,
            revision: revision(&mut connection).await?,
        };
        Ok(Self {
            connection,
            own_writes,
            seen,
        })
    }

    /// Resolves when keys have changed since this was made or since it last resolved; within half a second for another
    /// process's changes, at once for one's own. Several changes may come as one. Safe to drop and to call again.
    ///
    /// While the database does not answer, it keeps asking: it never resolves for that reason.
    pub async fn changed(&mut self) {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                _ = look.tick() => {}
                Ok(()) = self.own_writes.changed() => {}
            }
            match self.look().await {
                Ok(true) => return,
                Ok(false) => failing = false,
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "cannot look for changed keys; asking again");
                }
                Err(_) => {}
            }
        }
    }

    async fn look(&mut self) -> Result<bool, StoreError> {
        let data_version = data_version(&mut self.connection).await?;
        if data_version == self.seen.data_version {
            return Ok(false);
        }
        let revision = revision(&mut self.connection).await?;
        let changed = revision != self.seen.revision;
        self.seen = Seen { data_version, revision };
        Ok(changed)
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
