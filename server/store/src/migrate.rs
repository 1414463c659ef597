//! Brings a database's schema up to date: forward only, all or nothing, one process at a time.

use sqlx::{Any, Executor, Transaction};
use worv_core::Clock;

use crate::{
    StoreError,
    store::{Kind, Opened},
};

/// One step of the schema. A step that has been released is never edited: a new one is added.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// The steps in order; the first makes schema 1.
const SQLITE: &[Migration] = &[
    Migration {
        name: "keys_users_usage",
        sql: include_str!("../migrations/sqlite/0001_keys_users_usage.sql"),
    },
    Migration {
        name: "second_factor",
        sql: include_str!("../migrations/sqlite/0002_second_factor.sql"),
    },
    Migration {
        name: "node",
        sql: include_str!("../migrations/sqlite/0003_node.sql"),
    },
];

/// The same steps for PostgreSQL.
const POSTGRES: &[Migration] = &[
    Migration {
        name: "keys_users_usage",
        sql: include_str!("../migrations/postgres/0001_keys_users_usage.sql"),
    },
    Migration {
        name: "second_factor",
        sql: include_str!("../migrations/postgres/0002_second_factor.sql"),
    },
    Migration {
        name: "node",
        sql: include_str!("../migrations/postgres/0003_node.sql"),
    },
];

/// Names this program's migrations among PostgreSQL's advisory locks: "worv" in ASCII.
const LOCK: i64 = 0x776f_7276;

const CREATE_VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions (
    version    BIGINT NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    applied_at BIGINT NOT NULL
)";

/// The number of the newest schema that this program knows.
pub(crate) fn newest() -> i64 {
    i64::try_from(SQLITE.len()).unwrap_or(i64::MAX)
}

/// Applies what is missing, in one transaction that other processes wait for.
///
/// # Errors
/// [`StoreError::NewerSchema`] where the database has steps that this program does not know.
pub(crate) async fn run(opened: &Opened, clock: &Clock) -> Result<(), StoreError> {
    let migrations = match opened.kind {
        Kind::Sqlite => SQLITE,
        Kind::Postgres => POSTGRES,
    };
    let mut transaction = lock(opened).await?;
    sqlx::query(CREATE_VERSIONS).execute(&mut *transaction).await?;
    let found: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM schema_versions")
        .fetch_one(&mut *transaction)
        .await?;

    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::NewerSchema {
            place: opened.place.clone(),
            found,
            known,
        });
    }
    for (version, migration) in (1..).zip(migrations).filter(|(version, _)| *version > found) {
        sqlx::raw_sql(migration.sql).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO schema_versions (version, name, applied_at) VALUES ($1, $2, $3)")
            .bind(version)
            .bind(migration.name)
            .bind(clock.now().0)
            .execute(&mut *transaction)
            .await?;
        tracing::info!(
            version,
            name = migration.name,
            "the database schema was brought up to date"
        );
    }
    transaction.commit().await?;
    Ok(())
}

/// A transaction that no two processes are in at the same time.
async fn lock(opened: &Opened) -> Result<Transaction<'static, Any>, StoreError> {
    let locking = async {
        let mut transaction = opened.begin().await?;
        if opened.kind == Kind::Postgres {
            // Another server's migration may take longer than anything in normal service.
            transaction.execute("SET LOCAL lock_timeout = '10min'").await?;
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(LOCK)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction)
    };
    locking.await.map_err(|error: sqlx::Error| StoreError::CannotOpen {
        place: opened.place.clone(),
        cause: error.to_string(),
    })
}
