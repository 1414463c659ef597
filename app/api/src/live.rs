//! Live figures: what the overview starts from, and what the event stream adds to it.

use serde::{Deserialize, Serialize};

use super::{EngineMetrics, EngineProcess, GpuOverview, Switch};

/// The state of everything at one moment, with the last minutes behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The engine.
    pub engine: EngineStatus,
    /// One sample a second, oldest first, at most 900 (15 minutes).
    pub samples: Vec<LiveSample>,
    /// The GPUs.
    pub gpus: GpuOverview,
    /// What the engine measures of itself.
    pub metrics: EngineMetrics,
    /// The engine's process; none where others run the engine.
    pub process: Option<EngineProcess>,
    /// The switch under way, or the last one since the gateway started.
    pub switch: Option<Switch>,
}

/// What passed in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveSample {
    /// The end of the second, in Unix milliseconds.
    pub at: i64,
    /// Requests that were admitted.
    pub requests: u32,
    /// Prompt tokens of requests that ended.
    pub prompt_tokens: u64,
    /// Tokens that were generated.
    pub completion_tokens: u64,
    /// Requests under way at the end of the second.
    pub in_flight: u32,
    /// Requests that ended because the engine failed.
    pub failures: u32,
    /// Requests that wait for room at the engine at the end of the second.
    pub waiting: u32,
    /// Whether the database does not answer.
    pub database_away: bool,
}

/// The engine as the gateway sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineStatus {
    /// Whether it answers.
    pub state: EngineState,
    /// The model it serves, by the engine's own name; empty while unknown.
    pub model: String,
    /// The context window in tokens; none while unknown.
    pub max_model_len: Option<u64>,
    /// The version the engine gives; empty while unknown.
    pub version: String,
    /// Since when the state holds, in Unix milliseconds.
    pub since: i64,
    /// What is wrong, in words; empty while it answers.
    pub detail: String,
}

/// Whether the engine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineState {
    /// Not asked yet.
    Starting,
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// One message of the event stream `GET /api/events`. The SSE event's name is the variant's, the data its JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveEvent {
    /// Everything; the first message of each connection.
    Snapshot(Box<Overview>),
    /// The second that has just ended.
    Sample(LiveSample),
    /// New readings of the GPUs.
    Gpus(GpuOverview),
    /// The engine's state changed.
    Engine(EngineStatus),
    /// New figures of the engine.
    Metrics(EngineMetrics),
    /// The state of the engine's process changed.
    Process(EngineProcess),
    /// A switch has begun, gone on or ended.
    Switch(Switch),
    /// Requests that have ended, as rows of the requests page, the latest first; a few times a second at most, and only
    /// where they are asked for with `?requests=1` and the filters of `GET /api/requests`.
    Requests(String),
}

impl LiveEvent {
    /// The names of the events, as the browser subscribes to them.
    pub const NAMES: [&'static str; 8] = [
        "snapshot", "sample", "gpus", "engine", "metrics", "process", "switch", "requests",
    ];

    /// The SSE event name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => "snapshot",
            Self::Sample(_) => "sample",
            Self::Gpus(_) => "gpus",
            Self::Engine(_) => "engine",
            Self::Metrics(_) => "metrics",
            Self::Process(_) => "process",
            Self::Switch(_) => "switch",
            Self::Requests(_) => "requests",
        }
    }
}

impl EngineStatus {
    /// The state before the engine was first asked.
    pub fn starting(since: i64) -> Self {
        Self {
            state: EngineState::Starting,
            model: String::new(),
            max_model_len: None,
            version: String::new(),
            since,
            detail: String::new(),
        }
    }
}
