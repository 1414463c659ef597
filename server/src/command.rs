//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use worv_core::Clock;
use worv_store::{Store, StoreError};

use crate::{
    config::Config,
    failure::{Failure, Kind},
};

pub use output::{complain, write_privately};

mod alerts;
mod audit;
mod config;
mod database;
mod keys;
mod output;
mod running;
mod sim;
mod status;
mod switch;
mod usage;
mod users;

/// One gateway in front of the models on your own GPUs.
#[derive(Debug, Parser)]
#[command(name = "worv", version, about, disable_help_subcommand = true)]
pub struct CommandLine {
    /// The configuration file; without it, defaults and the environment (`WORV_SECTION__KEY`).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and the console.
    Serve(Serve),
    /// Run the engine and watch the GPUs of this machine for a gateway that runs elsewhere.
    Agent,
    /// Create, change and revoke API keys; works beside a running server, which sees the change within a second.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Create, change and delete the console's users.
    #[command(subcommand)]
    Users(users::Users),
    /// Read the record of who did what.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Report what was used, by key, model, endpoint or outcome.
    Usage(usage::Usage),
    /// Say what a running gateway serves and how it is, and how it came to that.
    Status(status::Status),
    /// Switch the engine of a running gateway to another model, and show how that goes.
    Switch(switch::Switch),
    /// Try whether alerts arrive.
    #[command(subcommand)]
    Alerts(alerts::Alerts),
    /// Check or print the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look after the database.
    #[command(subcommand)]
    Db(database::Database),
    /// Run a simulated vLLM on a port, for trying clients without a GPU.
    Sim(sim::Sim),
}

/// How to serve.
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Bring a simulated engine (unless `engine.url` is set), eight simulated GPUs, an administrator and an API key.
    #[arg(long)]
    pub demo: bool,
    /// Once serving, write the addresses, and in the demo the credentials, to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// Does what the command line says.
pub async fn run(line: CommandLine) -> Result<(), Failure> {
    let load = || crate::config::load(line.config.as_deref(), std::env::vars());
    match line.command {
        Command::Serve(options) => {
            let (config, origin) = load()?;
            crate::serve::serve(config, &origin, options).await
        }
        Command::Agent => {
            let (config, origin) = load()?;
            crate::serve::agent(config, &origin).await
        }
        Command::Keys(command) => keys::run(command, &load()?.0).await,
        Command::Users(command) => users::run(command, &load()?.0).await,
        Command::Audit(command) => audit::run(command, &load()?.0).await,
        Command::Usage(command) => usage::run(command, &load()?.0).await,
        Command::Status(options) => status::run(&options, &load()?.0).await,
        Command::Switch(options) => switch::run(options, &load()?.0).await,
        Command::Alerts(command) => alerts::run(&command, &load()?.0).await,
        Command::Config(command) => config::run(&command, &load()?.0),
        Command::Db(command) => database::run(command, &load()?.0).await,
        Command::Sim(options) => sim::run(options).await,
    }
}

/// What the store says, as a line and an exit code.
pub fn store_failure(error: StoreError) -> Failure {
    let kind = match &error {
        StoreError::InvalidUrl(_) => Kind::Config,
        StoreError::CannotOpen { .. } => Kind::CannotCreate,
        StoreError::NewerSchema { .. } => Kind::Data,
        StoreError::Invalid { .. } | StoreError::NameTaken { .. } | StoreError::NotFound { .. } => Kind::Usage,
        StoreError::Unavailable(_) | StoreError::Failed(_) => Kind::InputOutput,
    };
    let key = if matches!(kind, Kind::Config | Kind::CannotCreate) {
        "database.url: "
    } else {
        ""
    };
    Failure::new(kind, format!("{key}{error}"))
}

async fn open_store(config: &Config) -> Result<Store, Failure> {
    Store::open(&config.database_url(), Clock::System)
        .await
        .map_err(store_failure)
}
