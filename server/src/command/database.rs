//! `worv db`: looking after the database.

use std::path::PathBuf;

use clap::Subcommand;

use super::{output, store_failure};
use crate::{config::Config, failure::Failure};

/// What to do with the database.
#[derive(Debug, Subcommand)]
pub enum Database {
    /// Bring the database to this version's schema. Serving does so too.
    Migrate,
    /// Copy the database to a new file while a server may be running.
    Backup {
        /// The file to create.
        file: PathBuf,
    },
}

/// Does it.
pub async fn run(command: Database, config: &Config) -> Result<(), Failure> {
    let store = super::open_store(config).await?;
    match command {
        Database::Migrate => output::line("The database is up to date."),
        Database::Backup { file } => {
            store.back_up(&file).await.map_err(store_failure)?;
            output::line(&format!("Copied the database to {}.", file.display()));
        }
    }
    store.close().await;
    Ok(())
}
