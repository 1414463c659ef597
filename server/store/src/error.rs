//! What can go wrong in the store, in kinds that a caller can act on.

use sqlx::error::DatabaseError;

/// Why the store could not do what it was asked. Prints as one line that names what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database URL cannot be used; the configuration is wrong.
    #[error("database URL: {0}")]
    InvalidUrl(String),
    /// There is a URL, but no database behind it that can be opened.
    #[error("cannot open the database {place}: {cause}")]
    CannotOpen {
        /// Where it was looked for: a path, or a host and a database. Never a password.
        place: String,
        /// What the system said.
        cause: String,
    },
    /// The database was migrated by a newer version of this program, and must not be written by an older one.
    #[error(
        "the database {place} has schema {found}, but this version knows only up to {known}: \
         run the version that wrote it, or restore a backup from before the upgrade"
    )]
    NewerSchema {
        /// Which database.
        place: String,
        /// The schema's number in the database.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// A value breaks a rule; nothing was written.
    #[error("{field} {rule}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// The rule, such as `must have 1 to 100 characters`.
        rule: &'static str,
    },
    /// There is one of that name already.
    #[error("there is already a {what} called {name:?}")]
    NameTaken {
        /// What kind of thing it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is none with that id.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What kind of thing was looked for.
        what: &'static str,
        /// Its id.
        id: i64,
    },
    /// The database does not answer, is locked, or its disk is full: it may work again when asked again.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused a statement or holds what it should not: asking again will not help.
    #[error("the database failed: {0}")]
    Failed(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same call may work when it is made again.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = match &error {
            sqlx::Error::Database(cause) => is_passing(&**cause),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            _ => false,
        };
        if unavailable {
            Self::Unavailable(error)
        } else {
            Self::Failed(error)
        }
    }
}

/// Whether a database's own error is about its state and not about the statement.
///
/// SQLite gives extended result codes in decimal, of at most four digits (<https://www.sqlite.org/rescode.html>);
/// PostgreSQL gives five characters of which the first two are the class
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn is_passing(error: &dyn DatabaseError) -> bool {
    let Some(code) = error.code() else { return false };
    if code.len() == 5 {
        // Connection lost, transaction rolled back, out of resources, operator intervention, system error.
        return ["08", "40", "53", "57", "58"].contains(&&code[..2]);
    }
    // Busy, locked, read-only, input or output failed, disk full, cannot open.
    code.parse::<u32>()
        .is_ok_and(|code| [5, 6, 8, 10, 13, 14].contains(&(code & 0xff)))
}
