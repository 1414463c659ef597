//! `worv db`: looking after the database.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use worv_core::Clock;
use worv_store::Store;

use super::{output, store_failure};
use crate::{config::Config, failure::Failure};

/// What to do with the database.
#[derive(Debug, Subcommand)]
pub enum Database {
    /// Bring the database to this version's schema. Serving does so too.
    Migrate {
        /// Print one JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Copy the database to a new file while a server may be running.
    Backup {
        /// The file to create.
        file: PathBuf,
        /// Print one JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Put a copy in the place of the database, which is kept beside it. No server may be running.
    Restore {
        /// The copy, as `worv db backup` makes it.
        file: PathBuf,
        /// Print one JSON object instead of text.
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub async fn run(command: Database, config: &Config) -> Result<(), Failure> {
    match command {
        Database::Migrate { json } => {
            let store = super::open_store(config).await?;
            let schema = store.schema().await.map_err(store_failure)?;
            store.close().await;
            say(json, &json!({"schema": schema}), || {
                format!("The database is up to date, at schema {schema}.")
            });
        }
        Database::Backup { file, json } => {
            let store = super::open_store(config).await?;
            store.back_up(&file).await.map_err(store_failure)?;
            store.close().await;
            say(json, &json!({"file": file}), || {
                format!("Copied the database to {}.", file.display())
            });
        }
        Database::Restore { file, json } => {
            let before = Store::restore(&config.database_url(), &file, &Clock::System).await;
            let before = before.map_err(store_failure)?;
            say(json, &json!({"file": file, "before": before}), || match &before {
                Some(before) => format!(
                    "Restored the database from {}. What was there is in {}.",
                    file.display(),
                    before.display()
                ),
                None => format!("Restored the database from {}. There was none before.", file.display()),
            });
        }
    }
    Ok(())
}

fn say(as_json: bool, fields: &serde_json::Value, text: impl FnOnce() -> String) {
    if as_json {
        output::json(fields);
    } else {
        output::line(&text());
    }
}
