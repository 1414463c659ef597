//! What the engine measures of itself.

use serde::{Deserialize, Serialize};

/// The engine's figures, in all and for each data-parallel rank. Source: vLLM's `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineMetrics {
    /// When they were read, in Unix milliseconds; 0 if they never were.
    pub sampled_at: i64,
    /// Why they cannot be read now, in words; empty while they can. The figures are then the last that were read.
    pub detail: String,
    /// All ranks together.
    pub total: EngineFigures,
    /// Each data-parallel rank, in order.
    pub ranks: Vec<EngineRank>,
    /// What all ranks together have counted since the engine started; none where it does not say.
    pub counted: Option<EngineCount>,
}

/// Tokens that an engine has counted since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineCount {
    /// Of prompts, cached ones included.
    pub prompt_tokens: u64,
    /// Generated.
    pub generated_tokens: u64,
}

/// One run of the engine: what it counted of itself, and what the gateways recorded of it meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineRun {
    /// The model that it served, by the engine's own name.
    pub model: String,
    /// From here on both sides are counted, in Unix milliseconds.
    pub from: i64,
    /// Up to here, in Unix milliseconds.
    pub to: i64,
    /// By the engine's own counters. Requests that are under way are in it, as far as they have come.
    pub counted: EngineCount,
    /// By the usage of all gateways. More than a few requests' difference is a drift: requests that went past the
    /// gateways, or that were not recorded.
    pub recorded: EngineCount,
}

/// The figures of one data-parallel rank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineRank {
    /// Its number, from 0.
    pub rank: u32,
    /// Its figures.
    pub figures: EngineFigures,
}

/// What an engine, or a rank of it, does. A figure that it does not give, or that nothing has happened for, is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineFigures {
    /// Requests in a batch now.
    pub running: u32,
    /// Requests that wait for a place now.
    pub waiting: u32,
    /// Share of the KV cache in use now, in percent; of all ranks their mean.
    pub kv_cache_percent: Option<f64>,
    /// Prompt tokens a second, cached ones included, over the last 5 seconds.
    pub prompt_tokens_per_second: Option<f64>,
    /// Generated tokens a second over the last 5 seconds.
    pub generated_tokens_per_second: Option<f64>,
    /// Share of prompt tokens that the prefix cache had, over the last minute, in percent.
    pub prefix_cache_hit_percent: Option<f64>,
    /// Requests that lost their place in the last minute because the KV cache was full.
    pub preemptions: Option<u64>,
    /// From a request's arrival to its first token, over the last minute.
    pub time_to_first_token: Option<Latency>,
    /// From one token to the next, over the last minute.
    pub inter_token_latency: Option<Latency>,
    /// Share of speculated tokens that were right, over the last minute, in percent.
    pub speculation_accepted_percent: Option<f64>,
    /// Tokens that a step with speculation yields on average, over the last minute; from 1.
    pub speculation_length: Option<f64>,
}

/// How long something takes, in milliseconds. Quantiles are interpolated within the engine's histogram buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The mean.
    pub mean: f64,
    /// Half are faster.
    pub p50: f64,
    /// Nineteen of twenty are faster.
    pub p95: f64,
}

/// The engine at one moment, as it is kept for charts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EnginePoint {
    /// In Unix milliseconds.
    pub at: i64,
    /// Its figures, all ranks together.
    pub figures: EngineFigures,
}
