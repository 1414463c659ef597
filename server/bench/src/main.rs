//! Measures what the gateway costs, next to nginx and haproxy as plain reverse proxies and to no proxy at all.
//!
//! Every target stands in front of the same mock engine and gets the same load, in interleaved rounds, so that what
//! else the machine does falls on all of them. What is compared is CPU time per request and per streamed event, memory
//! per open stream, and the time that is added to the first token.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

mod client;
mod engine;
mod machine;
mod process;
mod report;
mod scenario;
mod target;

/// What the program returns when something stands in its way.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures the gateway next to plain reverse proxies, and prints a table in Markdown.
#[derive(Debug, Parser)]
struct Options {
    /// The gateway's binary, built with optimisations.
    #[arg(long)]
    worv: PathBuf,
    /// Where the console's files are.
    #[arg(long)]
    site: PathBuf,
    /// Rounds over all targets; the median of the rounds is reported.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds that each load lasts in each round.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Streams that are held open at a time where memory and leaving are measured.
    #[arg(long, default_value_t = 5_000)]
    streams: usize,
    /// Only scenarios whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Runs this mock engine and nothing else, at the given address.
    #[arg(long, hide = true)]
    engine: Option<std::net::SocketAddr>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // Each open stream is a connection on both sides.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(options)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::complain(&*error);
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<()> {
    if let Some(address) = options.engine {
        return engine::serve(address).await;
    }
    let targets = target::start_all(&options.worv, &options.site).await?;
    let mut table = report::Table::default();
    for round in 0..options.rounds {
        for scenario in scenario::ALL
            .iter()
            .filter(|scenario| scenario.name().contains(&options.only))
        {
            for target in &targets {
                report::progress(round, scenario.name(), target.name);
                let figures = scenario.run(target, &options).await?;
                table.add(scenario.name(), target.name, figures);
            }
        }
    }
    table.print(&machine::describe(), &options);
    Ok(())
}
