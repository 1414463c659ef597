//! `worv sim`: a simulated vLLM on a port.

use std::{net::SocketAddr, time::Duration};

use clap::Args;
use worv_sim::engine::{Sim as Engine, SimOptions};

use super::output;
use crate::{failure::Failure, serve};

/// How the simulated engine behaves.
#[derive(Debug, Args)]
pub struct Sim {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The model's name.
    #[arg(long, default_value = "DeepSeek-V4-Pro")]
    model: String,
    /// The context window, in tokens.
    #[arg(long, default_value_t = 262_144)]
    max_model_len: u64,
    /// Milliseconds to an answer's first token.
    #[arg(long, default_value_t = 150)]
    first_token_ms: u64,
    /// Microseconds from one token to the next.
    #[arg(long, default_value_t = 12_000)]
    token_us: u64,
    /// Requests that run at once; others wait.
    #[arg(long, default_value_t = 256)]
    max_running: usize,
}

/// Serves until the process is told to stop.
pub async fn run(options: Sim) -> Result<(), Failure> {
    let listener = serve::bind("--listen", options.listen).await?;
    let mut sim = SimOptions {
        model: options.model,
        max_model_len: options.max_model_len,
        max_running: options.max_running,
        ..SimOptions::default()
    };
    sim.knobs.time_to_first_token = Duration::from_millis(options.first_token_ms);
    sim.knobs.time_per_token = Duration::from_micros(options.token_us);
    let engine = Engine::start(listener, sim);
    output::line(&format!("a simulated vLLM serves at {}", engine.url()));
    serve::until_told_to_stop()?.await;
    engine.shutdown().await;
    Ok(())
}
