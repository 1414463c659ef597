//! `worv sim`: a simulated vLLM on a port.

use std::{net::SocketAddr, time::Duration};

use clap::Args;
use worv_node::supervisor::process_ended;
use worv_sim::engine::{Loading, Sim as Engine, SimOptions, Version};

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
    #[arg(long, default_value_t = 12_500)]
    token_us: u64,
    /// Microseconds that each token of a prompt takes before the answer begins.
    #[arg(long, default_value_t = 20)]
    prompt_token_us: u64,
    /// Tokens in each piece of an answer, as with speculative decoding.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    tokens_per_chunk: u16,
    /// The release of vLLM whose behaviour is shown, such as 0.19.1.
    #[arg(long, default_value_t = Version::default())]
    engine_version: Version,
    /// The model takes sound, so that there are the routes for transcriptions and translations.
    #[arg(long)]
    audio: bool,
    /// Where the choice of answers begins.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Requests that run at once; others wait.
    #[arg(long, default_value_t = 256)]
    max_running: usize,
    /// Milliseconds of loading the model before it listens; its log shows the progress as vLLM's does.
    #[arg(long, default_value_t = 0)]
    load_ms: u64,
    /// Files that the model is in.
    #[arg(long, default_value_t = 8)]
    shards: u32,
    /// Also end when the process of this number does.
    #[arg(long, value_name = "PID")]
    until_process: Option<u32>,
}

/// Serves until the process is told to stop.
pub async fn run(options: Sim) -> Result<(), Failure> {
    let told_to_stop = serve::until_told_to_stop()?;
    let until_process = options.until_process;
    tokio::select! {
        served = load_and_serve(options) => served,
        () = told_to_stop => Ok(()),
        () = ended(until_process) => Ok(()),
    }
}

async fn ended(process: Option<u32>) {
    match process {
        Some(pid) => process_ended(pid).await,
        None => std::future::pending().await,
    }
}

async fn load_and_serve(options: Sim) -> Result<(), Failure> {
    if options.load_ms > 0 {
        let loading = Loading {
            shards: options.shards,
            time: Duration::from_millis(options.load_ms),
        };
        loading.run(&options.model, output::line).await;
    }
    let listener = serve::bind("--listen", options.listen).await?;
    let mut sim = SimOptions {
        model: options.model,
        max_model_len: options.max_model_len,
        max_running: options.max_running,
        version: options.engine_version,
        audio: options.audio,
        seed: options.seed,
        ..SimOptions::default()
    };
    sim.knobs.time_to_first_token = Duration::from_millis(options.first_token_ms);
    sim.knobs.time_per_prompt_token = Duration::from_micros(options.prompt_token_us);
    sim.knobs.tokens_per_chunk = options.tokens_per_chunk.into();
    sim.knobs.time_per_token = Duration::from_micros(options.token_us);
    let engine = Engine::start(listener, sim);
    output::line(&format!("a simulated vLLM serves at {}", engine.url()));
    std::future::pending().await
}
