//! The node: the profiles that it can run, the engine process under its care, and the switch from one to the other.

use serde::{Deserialize, Serialize};

use super::{GpuPoint, GpuReport};

/// The models that the machine can be switched to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profiles {
    /// The engine process; none where the gateway stands in front of an engine that others run, so that it cannot
    /// switch.
    pub process: Option<EngineProcess>,
    /// Whether an agent in another machine runs the process, not the gateway itself.
    pub by_agent: bool,
    /// Every profile, in the order of the configuration.
    pub profiles: Vec<Profile>,
    /// Why the configuration on disk could not be taken over when it was last read, in words; the profiles are then
    /// those from before. Empty if it could.
    pub configuration_error: String,
}

/// A model that the machine can be switched to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name that the engine serves it under.
    pub name: String,
    /// What it is, for a person; may be empty.
    pub description: String,
    /// Whether it is what serves now.
    pub live: bool,
    /// Whether the configuration says how to start it.
    pub can_start: bool,
    /// How long it takes from its start to its first answer, in seconds: as it was measured the last time, else as the
    /// configuration expects it.
    pub load_seconds: Option<u64>,
    /// Whether [`Profile::load_seconds`] was measured.
    pub load_measured: bool,
}

/// The engine as a process under the gateway's care.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineProcess {
    /// What it does.
    pub state: ProcessState,
    /// The profile that it runs or last ran; empty before the first.
    pub profile: String,
    /// Its process id; none while there is no process.
    pub pid: Option<u32>,
    /// Since when the state holds, in Unix milliseconds.
    pub since: i64,
    /// Starts in a row that came to nothing.
    pub failures: u32,
    /// What went wrong last, in words; empty if nothing did.
    pub detail: String,
}

/// What the engine's process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessState {
    /// There is none, and there is to be none.
    Stopped,
    /// It was started and does not answer yet.
    Starting,
    /// It answers.
    Running,
    /// It failed and is started again after a pause.
    Restarting,
    /// It failed too often in a row; somebody has to look at it.
    GaveUp,
    /// The machine that it runs on does not report.
    Unknown,
}

/// The switch under way and those before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// The one under way; none if there is none.
    pub current: Option<Switch>,
    /// Those that have ended, the latest first, at most 50.
    pub history: Vec<Switch>,
    /// The last lines that the engine wrote to its log, oldest first, at most 200.
    pub log: Vec<String>,
}

/// One switch from a profile to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Its number; a later switch has a higher one.
    pub id: i64,
    /// The profile before; empty if there was none.
    pub from: String,
    /// The profile that was asked for.
    pub to: String,
    /// Who asked.
    pub actor: String,
    /// When it began, in Unix milliseconds.
    pub started_at: i64,
    /// When it ended, in Unix milliseconds; none while it is under way.
    pub ended_at: Option<i64>,
    /// How it ended; none while it is under way.
    pub outcome: Option<SwitchOutcome>,
    /// What went wrong, in words; empty if nothing did.
    pub detail: String,
    /// Its steps so far, in order; the last one is the one under way.
    pub steps: Vec<SwitchStep>,
    /// How much of the model is loaded; none outside of that step, or while the engine has not told.
    pub loading: Option<LoadProgress>,
    /// Answers that still have to finish, in the first step.
    pub draining: u64,
    /// Whether it can be called off now: as long as the engine before it still runs.
    pub can_cancel: bool,
}

/// A step of a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchStep {
    /// What is done.
    pub phase: SwitchPhase,
    /// The profile that it is done to: after a failure, the one before is brought back by the same steps.
    pub profile: String,
    /// When it began, in Unix milliseconds.
    pub started_at: i64,
    /// When it ended, in Unix milliseconds; none while it is under way.
    pub ended_at: Option<i64>,
}

/// What a step of a switch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchPhase {
    /// New requests wait; those under way finish.
    Draining,
    /// The engine is told to end, and all that it started is gone.
    Stopping,
    /// The new engine's process comes up.
    Starting,
    /// It loads the model.
    Loading,
    /// It says that it is ready, and computes its first answer.
    Warming,
    /// It has to give a sensible answer under the right name.
    SmokeTest,
    /// It serves.
    Live,
}

/// How a switch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchOutcome {
    /// The profile that was asked for serves.
    Done,
    /// It was called off; the profile before serves.
    Cancelled,
    /// It failed; the profile before serves again.
    RolledBack,
    /// It failed, and so did bringing back the profile before: nothing serves.
    Failed,
}

/// How much of a model is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadProgress {
    /// Files that are loaded.
    pub done: u32,
    /// Files in all.
    pub total: u32,
}

/// The body of `POST /api/switch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSwitch {
    /// The profile to switch to.
    pub profile: String,
}

/// The GPUs with the last minutes behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gpus {
    /// The latest reading, with every figure.
    pub report: GpuReport,
    /// One point a second, oldest first, at most 900 (15 minutes).
    pub history: Vec<GpuPoint>,
}

impl Switch {
    /// What it does now, or did last.
    pub fn phase(&self) -> SwitchPhase {
        self.steps.last().map_or(SwitchPhase::Draining, |step| step.phase)
    }
}
