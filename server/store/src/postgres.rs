//! What is particular to PostgreSQL: connections that write durably whatever the server's default is.

use std::{str::FromStr, time::Duration};

use sqlx::{
    AnyConnection, ConnectOptions, Connection, Executor,
    any::{AnyConnectOptions, AnyPoolOptions},
    postgres::PgConnectOptions,
};

use crate::{
    StoreError,
    store::{Kind, Opened},
};

/// Connections of one server, beside the one that listens for changes.
const CONNECTIONS: u32 = 8;

/// How long a statement waits for a connection; the caller is told that the database is unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

/// How every connection begins: a commit is reported done when it is on the disk (a stricter setting, such as waiting
/// for a standby, stays as it is), and no statement waits for another's lock for ever.
const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';
SET lock_timeout = '5s';
SET application_name = 'worv';";

/// Connects to the database at `url`.
pub(crate) async fn open(url: &str) -> Result<Opened, StoreError> {
    let invalid = |error: sqlx::Error| StoreError::InvalidUrl(error.to_string());
    let server = PgConnectOptions::from_str(url).map_err(invalid)?;
    let place = format!(
        "{} on {}:{}",
        server.get_database().unwrap_or(server.get_username()),
        server.get_host(),
        server.get_port()
    );
    let options = url
        .parse::<AnyConnectOptions>()
        .map_err(invalid)?
        .disable_statement_logging();

    // The pool would go on trying where nobody answers; whoever starts the server wants to know at once.
    let connected = match AnyConnection::connect_with(&options).await {
        Ok(connection) => connection.close().await,
        Err(error) => Err(error),
    };
    connected.map_err(|error| StoreError::CannotOpen {
        place: place.clone(),
        cause: error.to_string(),
    })?;

    let connections = AnyPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql(SETTINGS)).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options.clone());
    Ok(Opened {
        kind: Kind::Postgres,
        place,
        options,
        writers: connections.clone(),
        readers: connections,
    })
}
