//! What is particular to `SQLite`: a file for the owner only, and connections that write durably.

use std::{fmt::Write, io, path::Path, time::Duration};

use sqlx::{
    AnyConnection, ConnectOptions, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
};
use tokio::fs;

use crate::{
    StoreError,
    store::{Kind, Opened},
};

/// Connections for reading; statements that read never wait for the writer, nor it for them.
const READERS: u32 = 4;

/// How long a statement waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How every connection begins. In WAL mode only `FULL` syncs the log with each commit: under `NORMAL` a commit that
/// was reported done can be undone by a power failure (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
/// The log's file is cut back to 64 MiB after a long reader made it grow. It is copied back 16 MiB at a time, since pages
/// that are written over and over are then copied once. The cache holds the pages that usage is written to, and is soon
/// full: until then each new page costs fresh memory.
const PRAGMAS: &str = "PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA journal_size_limit = 67108864;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA cache_size = -4096;
PRAGMA trusted_schema = OFF;";

/// Opens or creates the file that follows `sqlite:` in a URL.
pub(crate) async fn open(path_in_url: &str) -> Result<Opened, StoreError> {
    let path = path_of(path_in_url)?;
    let place = path.to_owned();
    let cannot_open = |cause: &dyn ToString| StoreError::CannotOpen {
        place: place.clone(),
        cause: cause.to_string(),
    };
    create_privately(Path::new(path))
        .await
        .map_err(|error| cannot_open(&error))?;

    let options = options(path)?;
    use_write_ahead_log(&options)
        .await
        .map_err(|error| cannot_open(&error))?;
    let writers = pool(PRAGMAS).max_connections(1).connect_lazy_with(options.clone());
    let readers = pool("PRAGMA query_only = ON;")
        .max_connections(READERS)
        .connect_lazy_with(options.clone());
    Ok(Opened {
        kind: Kind::Sqlite,
        place,
        options,
        writers,
        readers,
    })
}

/// `//data/worv.db`, `///var/lib/worv/worv.db` and `data/worv.db` as they follow `sqlite:`.
pub(crate) fn path_of(path_in_url: &str) -> Result<&str, StoreError> {
    let path = path_in_url.strip_prefix("//").unwrap_or(path_in_url);
    let cure = if path.is_empty() {
        "has no path: write sqlite://PATH"
    } else if path == ":memory:" {
        "must name a file: a database in memory would lose every key at the end"
    } else if path.contains(['?', '#']) {
        "takes no options after the path"
    } else {
        return Ok(path);
    };
    Err(StoreError::InvalidUrl(cure.to_owned()))
}

/// Makes the file, and the directory it lies in, for the owner only where there is none. `SQLite` gives its `-wal` and
/// `-shm` files the rights of the file itself.
pub(crate) async fn create_privately(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .await?;
    match create_new(path).await {
        // The file's name must survive a power failure as well as what is in it.
        Ok(()) => fs::File::open(directory).await?.sync_all().await,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes an empty file for the owner only; fails where there is one already.
pub(crate) async fn create_new(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .await
        .map(|_| ())
}

/// How a path is opened.
pub(crate) fn options(path: &str) -> Result<AnyConnectOptions, StoreError> {
    // The driver takes the path percent-encoded; nothing in it is a path's business to mean in a URL.
    let mut url = String::from("sqlite:");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url.parse::<AnyConnectOptions>()
        .map(ConnectOptions::disable_statement_logging)
        .map_err(|error| StoreError::InvalidUrl(error.to_string()))
}

fn pool(pragmas: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .acquire_timeout(BUSY_TIMEOUT * 2)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql(pragmas)).await?;
                Ok(())
            })
        })
}

/// Turns on the write-ahead log, which stays on in the file. Several processes may do so at the same moment, and while
/// one does, the others are refused without waiting: they ask again until it is done.
async fn use_write_ahead_log(options: &AnyConnectOptions) -> sqlx::Result<()> {
    let mut connection = AnyConnection::connect_with(options).await?;
    let deadline = tokio::time::Instant::now() + BUSY_TIMEOUT;
    loop {
        let turned_on = connection.execute("PRAGMA journal_mode = WAL").await;
        match turned_on {
            Err(sqlx::Error::Database(error))
                if error.message().contains("locked") && tokio::time::Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => return Err(error),
            Ok(_) => return connection.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writers_sync_every_commit_and_readers_cannot_write() {
        sqlx::any::install_default_drivers();
        let home = tempfile::TempDir::new().unwrap();
        let opened = open(&format!("//{}/worv.db", home.path().display())).await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(&opened.writers)
            .await
            .unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&opened.writers)
            .await
            .unwrap();
        let keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys")
            .fetch_one(&opened.writers)
            .await
            .unwrap();
        assert_eq!((synchronous, journal.as_str(), keys), (2, "wal", 1));

        let refused = opened.readers.execute("CREATE TABLE t (x INTEGER)").await.unwrap_err();
        assert!(refused.to_string().contains("readonly"), "{refused}");
    }
}
