//! `worv status`: what a running gateway serves and how it is, for a terminal, a program or a page of notes.

use serde::{Deserialize, Serialize};
use worv_api::Switch;
use worv_core::{UnixMillis, calendar::iso};

use super::{open_store, output, running::Running, store_failure};
use crate::{config::Config, failure::Failure};

mod markdown;

/// Switches that are shown, the latest first.
const HISTORY: u32 = 20;

/// How to say it.
#[derive(Debug, clap::Args)]
pub struct Status {
    /// As Markdown, for `docs/current-state.md`: with the engine's command and the history of switches.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// As JSON on one line.
    #[arg(long)]
    json: bool,
}

/// All that is known.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    ready: Ready,
    /// Where the sites are.
    hosts: Vec<String>,
    max_context_tokens: u64,
    max_output_tokens: u64,
    profiles: Vec<String>,
    /// How the live model's engine is started, if this gateway starts it.
    command: Option<Vec<String>>,
    switches: Vec<Past>,
}

/// What the gateway says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    status: String,
    engine: String,
    database: String,
    usage: String,
    version: String,
    engine_version: String,
    model: String,
    max_model_len: Option<u64>,
    gpus: Vec<ReadyGpu>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ReadyGpu {
    name: String,
    memory_total: u64,
    fault: Option<String>,
}

/// A switch that is over.
#[derive(Debug, Serialize)]
struct Past {
    at: String,
    from: String,
    to: String,
    actor: String,
    outcome: String,
    detail: String,
}

/// Asks and says it.
pub async fn run(options: &Status, config: &Config) -> Result<(), Failure> {
    let ready: Ready = Running::new(config)?.ask("/health/ready").await?;
    let store = open_store(config).await?;
    let switches = store.ended_switches(&config.node.name, HISTORY).await;
    let switches = switches.map_err(store_failure)?;
    store.close().await;
    let live = config.profile.iter().find(|profile| profile.name == ready.model);
    let hosts = config
        .hosts()
        .map(|hosts| hosts.all().map(ToString::to_string).collect());
    let report = Report {
        hosts: hosts.unwrap_or_default(),
        max_context_tokens: config.limits.max_context_tokens,
        max_output_tokens: config.limits.max_output_tokens,
        profiles: config.profile.iter().map(|profile| profile.name.clone()).collect(),
        command: live.and_then(|profile| Some(profile.launch.as_ref()?.argv.clone())),
        switches: switches.into_iter().map(past).collect(),
        ready,
    };
    if options.json {
        output::json(&report);
    } else if options.markdown {
        output::line(markdown::page(&report).trim_end());
    } else {
        output::table(&rows(&report));
    }
    Ok(())
}

fn past(switch: Switch) -> Past {
    let outcome = serde_json::to_value(switch.outcome).unwrap_or_default();
    Past {
        at: iso(UnixMillis(switch.started_at)),
        from: switch.from,
        to: switch.to,
        actor: switch.actor,
        outcome: outcome.as_str().unwrap_or_default().replace('_', " "),
        detail: switch.detail,
    }
}

fn rows(report: &Report) -> Vec<Vec<String>> {
    let ready = &report.ready;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("gateway", format!("{} (worv {})", ready.status, ready.version)),
        row("engine", engine(ready)),
        row("model", or_dash(&ready.model)),
        row("window", window(report)),
        row("database", ready.database.clone()),
        row("usage", ready.usage.clone()),
    ];
    rows.extend(gpus(ready).into_iter().map(|line| row("gpus", line)));
    if let Some(last) = report.switches.first() {
        let words = format!("{} {} to {}: {}", last.at, last.from, last.to, last.outcome);
        rows.push(row("last switch", words));
    }
    rows
}

fn engine(ready: &Ready) -> String {
    if ready.engine_version.is_empty() {
        ready.engine.clone()
    } else {
        format!("{} (vLLM {})", ready.engine, ready.engine_version)
    }
}

/// What a request gets of the engine's window.
fn window(report: &Report) -> String {
    let limit = report.max_context_tokens;
    match report.ready.max_model_len {
        Some(window) if window < limit => format!("{window} tokens (the engine's)"),
        _ => format!("{limit} tokens"),
    }
}

/// GPUs that are alike on one line, and each fault on its own.
fn gpus(ready: &Ready) -> Vec<String> {
    let mut lines = Vec::new();
    for alike in ready
        .gpus
        .chunk_by(|one, other| (&one.name, one.memory_total) == (&other.name, other.memory_total))
    {
        let gib = alike[0].memory_total >> 30;
        lines.push(format!("{} × {}, {gib} GiB each", alike.len(), alike[0].name));
    }
    let faults = ready.gpus.iter().enumerate();
    lines.extend(faults.filter_map(|(index, gpu)| Some(format!("GPU {index}: {}", gpu.fault.as_ref()?))));
    if lines.is_empty() {
        lines.push("none".to_owned());
    }
    lines
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        text.to_owned()
    }
}
