//! A copy of the database while it is in use.

use std::{fs::OpenOptions, io, path::Path};

use sqlx::{AnyConnection, Connection};
use tokio::task::spawn_blocking;

use crate::{Store, StoreError, sqlite, store::Kind};

impl Store {
    /// Writes a copy of an `SQLite` database, as it is at one moment, to a new file for the owner only. Nobody has to
    /// wait for it. The copy is a database that [`Store::open`] opens.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`] where the file exists or cannot be created, and [`StoreError::Invalid`] for a
    /// PostgreSQL database, which has a program of its own for this.
    pub async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        if self.kind() == Kind::Postgres {
            return Err(StoreError::Invalid {
                field: "the database",
                rule: "is on a PostgreSQL server: back it up with pg_dump",
            });
        }
        let cannot_open = |error: io::Error| StoreError::CannotOpen {
            place: to.display().to_string(),
            cause: error.to_string(),
        };
        let path = to
            .to_str()
            .ok_or_else(|| cannot_open(io::Error::other("the path is not UTF-8")))?;
        sqlite::create_new(to).await.map_err(cannot_open)?;

        let mut connection = AnyConnection::connect_with(self.options()).await?;
        let copied = sqlx::query("VACUUM INTO $1").bind(path).execute(&mut connection).await;
        if copied.is_err() {
            // What is left of it would stand in the way of the next attempt.
            let _ = tokio::fs::remove_file(to).await;
        }
        copied?;
        connection.close().await?;
        let file = to.to_owned();
        // It is written without being synced.
        let synced = spawn_blocking(move || OpenOptions::new().write(true).open(file)?.sync_all()).await;
        synced.map_err(io::Error::other).flatten().map_err(cannot_open)
    }
}
