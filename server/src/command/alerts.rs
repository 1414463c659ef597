//! `worv alerts`: whether alerts arrive.

use clap::Subcommand;
use worv_core::Clock;

use super::output;
use crate::{
    alerts::{self, Webhook},
    config::Config,
    failure::{Failure, Kind},
};

/// What to do about alerts.
#[derive(Debug, Subcommand)]
pub enum Alerts {
    /// Post an alert that says that it is a test, and print what was answered.
    Test,
}

/// Does it.
pub async fn run(command: &Alerts, config: &Config) -> Result<(), Failure> {
    match command {
        Alerts::Test => {
            let webhook = Webhook::of(&config.alerts)?;
            let Some(webhook) = webhook else {
                let message = "alerts.webhook is not set: give the address that alerts are to be posted to";
                return Err(Failure::new(Kind::Config, message));
            };
            output::line(&alerts::test(&webhook, &Clock::System).await?);
        }
    }
    Ok(())
}
