//! Puts a copy of the database in the place of what is there.

use std::{
    io,
    path::{Path, PathBuf},
};

use sqlx::{AnyConnection, Connection, Executor};
use tokio::fs;
use worv_core::Clock;

use crate::{Store, StoreError, migrate, sqlite};

/// What belongs to a database besides its file, while it is in use or after a crash.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

impl Store {
    /// Puts the copy `from`, as [`Store::back_up`] makes it, in the place of the `SQLite` database at `url`, and returns
    /// where what was there is now: nothing is deleted. Nobody may be using it. The copy is checked, and brought to this
    /// program's schema, before anything is moved.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`] where the copy is missing, damaged or no database of ours, or a file cannot be moved,
    /// [`StoreError::NewerSchema`] where a newer program made the copy, and [`StoreError::Invalid`] where the database is
    /// in use or on a PostgreSQL server, which has a program of its own for this.
    pub async fn restore(url: &str, from: &Path, clock: &Clock) -> Result<Option<PathBuf>, StoreError> {
        let Some(("sqlite", path)) = url.split_once(':') else {
            return Err(StoreError::Invalid {
                field: "the database",
                rule: "is on a PostgreSQL server: restore it with psql or pg_restore",
            });
        };
        sqlx::any::install_default_drivers();
        let path = PathBuf::from(sqlite::path_of(path)?);
        check(from).await?;
        if path.exists() {
            nobody_uses(&path).await?;
        }
        let draft = beside(&path, ".restoring");
        let cannot = |error: io::Error| StoreError::CannotOpen {
            place: path.display().to_string(),
            cause: error.to_string(),
        };
        // What an attempt has left that was cut short.
        remove_all(&draft).await.map_err(cannot)?;
        let url_of = |path: &Path| format!("sqlite://{}", path.display());
        sqlite::create_privately(&draft).await.map_err(cannot)?;
        fs::copy(from, &draft).await.map_err(cannot)?;
        let copy = Self::open(&url_of(&draft), clock.clone()).await?;
        copy.empty_log().await?;
        copy.close().await;

        let aside = if path.exists() {
            let aside = beside(&path, &format!(".before-restore-{}", clock.now()));
            for suffix in COMPANIONS {
                move_if_there(&beside(&path, suffix), &beside(&aside, suffix))
                    .await
                    .map_err(cannot)?;
            }
            fs::rename(&path, &aside).await.map_err(cannot)?;
            Some(aside)
        } else {
            None
        };
        fs::rename(&draft, &path).await.map_err(cannot)?;
        remove_all(&draft).await.map_err(cannot)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::File::open(folder.unwrap_or(Path::new("."))).await.map_err(cannot)?;
        folder.sync_all().await.map_err(cannot)?;
        Ok(aside)
    }

    /// Takes everything from the write-ahead log into the file itself.
    async fn empty_log(&self) -> Result<(), StoreError> {
        let mut connection = AnyConnection::connect_with(self.options()).await?;
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        connection.close().await?;
        Ok(())
    }
}

/// Checks that a file is a whole database of this program.
async fn check(copy: &Path) -> Result<(), StoreError> {
    let cannot_open = |cause: String| StoreError::CannotOpen {
        place: copy.display().to_string(),
        cause,
    };
    let path = copy
        .to_str()
        .ok_or_else(|| cannot_open("the path is not UTF-8".to_owned()))?;
    fs::metadata(copy)
        .await
        .map_err(|error| cannot_open(error.to_string()))?;
    let read = async {
        let mut connection = AnyConnection::connect_with(&sqlite::options(path)?).await?;
        let sound: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut connection)
            .await?;
        let schema: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM schema_versions")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok::<_, StoreError>((sound, schema))
    };
    let (sound, found) = read.await.map_err(|error| cannot_open(error.to_string()))?;
    if sound != "ok" {
        return Err(cannot_open(format!("it is damaged: {sound}")));
    }
    if found > migrate::newest() {
        return Err(StoreError::NewerSchema {
            place: path.to_owned(),
            found,
            known: migrate::newest(),
        });
    }
    Ok(())
}

/// Checks that no other process has the database open. One that is damaged is in nobody's use.
async fn nobody_uses(path: &Path) -> Result<(), StoreError> {
    let path = path.to_str().unwrap_or_default();
    let alone = async {
        let mut connection = AnyConnection::connect_with(&sqlite::options(path)?).await?;
        // Every process that has it open holds a lock that this one cannot have beside it
        // (<https://www.sqlite.org/wal.html#use_of_wal_without_shared_memory>).
        for statement in [
            "PRAGMA busy_timeout = 0",
            "PRAGMA locking_mode = EXCLUSIVE",
            "BEGIN IMMEDIATE",
            "ROLLBACK",
        ] {
            connection.execute(statement).await?;
        }
        connection.close().await?;
        Ok::<_, StoreError>(())
    };
    match alone.await {
        Err(error) if error.to_string().contains("locked") => Err(StoreError::Invalid {
            field: "the database",
            rule: "is in use: stop the server first",
        }),
        _ => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

async fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn remove_all(path: &Path) -> io::Result<()> {
    for path in [
        path.to_owned(),
        beside(path, COMPANIONS[0]),
        beside(path, COMPANIONS[1]),
    ] {
        match fs::remove_file(path).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
