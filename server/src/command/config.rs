//! `worv config`: what the configuration says.

use clap::Subcommand;

use super::output;
use crate::{
    config::Config,
    failure::{Failure, Kind},
};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say whether it is right, and if not, which key is wrong.
    Check,
    /// Print it as it holds, with every default, as TOML.
    Print,
}

/// Does it. A configuration that cannot be read has failed before this.
pub fn run(command: &ConfigCommand, config: &Config) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check => output::line("The configuration is right."),
        ConfigCommand::Print => {
            let text = toml::to_string_pretty(config)
                .map_err(|error| Failure::new(Kind::Software, format!("cannot print the configuration: {error}")))?;
            output::line(text.trim_end());
        }
    }
    Ok(())
}
