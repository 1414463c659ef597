//! The log, on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    config::{Log, LogFormat},
    failure::{Failure, Kind},
};

/// Starts the log.
pub fn start(config: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| Failure::new(Kind::Config, format!("log.filter is {:?}: {error}", config.filter)))?;
    let log = tracing_subscriber::registry().with(filter);
    let started = match config.format {
        LogFormat::Text => log
            .with(
                fmt::layer()
                    .with_writer(io::stderr)
                    .with_ansi(io::stderr().is_terminal())
                    .with_target(false),
            )
            .try_init(),
        LogFormat::Json => log
            .with(fmt::layer().json().flatten_event(true).with_writer(io::stderr))
            .try_init(),
    };
    started.map_err(|error| Failure::new(Kind::Software, format!("cannot start the log: {error}")))
}
