//! The engine as a process under our care: started, watched, brought back, and ended without a trace.
//!
//! What is to run is an [`Order`]; the supervisor makes it so, and says in [`Supervision`] how far it is. The engine has
//! a process group of its own and writes its log to a file, so it outlives this program. A record on disk tells the
//! next one what runs, and that takes it over instead of starting another.

use std::{path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{EngineMetrics, EngineProcess, GpuReport, LoadProgress, ProcessState};
use worv_core::{Clock, Entropy};

use self::{keeper::Keeper, log::LogFile};
pub use self::{
    launch::{Launch, LaunchProfile},
    log::LogTail,
    process::ended as process_ended,
};
use crate::engine::EngineConfig;

mod aftermath;
mod attention;
mod keeper;
mod launch;
mod log;
mod process;
mod process_table;
mod record;
mod start_log;

/// What the supervisor works with.
pub struct SupervisorConfig {
    /// Where its record and the engine's log are kept.
    pub folder: PathBuf,
    /// Where the engine answers once it is up, whichever profile it runs.
    pub engine: EngineConfig,
    /// Tells the time.
    pub clock: Clock,
    /// Names each run of the engine.
    pub entropy: Entropy,
}

/// What the supervisor is told while it runs.
pub struct SupervisorInputs {
    /// The profiles of the node's own configuration.
    pub profiles: watch::Receiver<Arc<Vec<LaunchProfile>>>,
    /// What is to run; none until somebody says so. An order that is not newer than the last is no news.
    pub orders: watch::Receiver<Option<Order>>,
    /// The GPUs, whose memory must be free before the next engine starts.
    pub gpus: watch::Receiver<Arc<GpuReport>>,
    /// What the engine measures, which tells one that hangs from one that is busy.
    pub metrics: watch::Receiver<Arc<EngineMetrics>>,
}

/// What the supervisor shows.
#[derive(Clone)]
pub struct Supervisor {
    /// How far it is.
    pub state: watch::Receiver<Arc<Supervision>>,
    /// The last lines of the engine's log.
    pub log: LogTail,
}

/// What is to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Later orders have higher numbers.
    pub id: i64,
    /// The profile; none for nothing.
    pub profile: Option<String>,
}

/// How far the supervisor is with its last order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervision {
    /// The last order that it has taken; 0 before the first.
    pub order: i64,
    /// The engine's process.
    pub process: EngineProcess,
    /// What it does with the process.
    pub stage: Stage,
    /// How much of the model is loaded; none while the engine has not told.
    pub loading: Option<LoadProgress>,
    /// The last start that came to its end, and how long it took.
    pub loaded: Option<Loaded>,
}

/// What the supervisor does with the engine's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// There is no process.
    Idle,
    /// It is told to end, and waited for until nothing of it is left.
    Stopping,
    /// It comes up.
    Starting,
    /// It loads the model, as its log says.
    Loading,
    /// It answers.
    Serving,
}

/// A start that came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The profile.
    pub profile: String,
    /// When the process was started, in Unix milliseconds.
    pub started_at: i64,
    /// How long it took until it answered, in milliseconds.
    pub milliseconds: i64,
}

/// Takes the engine over that runs already, or starts what ran last, and from then on does as it is told. When `cancel`
/// says so it lets go of the engine, which goes on running. Must be called inside a Tokio runtime.
pub fn supervise(config: SupervisorConfig, inputs: SupervisorInputs, cancel: CancellationToken) -> Supervisor {
    let (state, receiver) = watch::channel(Arc::new(Supervision::idle(config.clock.now().0)));
    let log = LogTail::default();
    let file = LogFile::new(config.folder.join("engine.log"), log.clone());
    let keeper = Keeper::new(config, inputs, state, file);
    tokio::spawn(async move { cancel.run_until_cancelled(keeper.run()).await });
    Supervisor { state: receiver, log }
}

impl Supervision {
    /// Nothing runs, and nothing has been asked for.
    pub fn idle(since: i64) -> Self {
        Self {
            order: 0,
            process: EngineProcess {
                state: ProcessState::Stopped,
                profile: String::new(),
                pid: None,
                since,
                failures: 0,
                detail: String::new(),
            },
            stage: Stage::Idle,
            loading: None,
            loaded: None,
        }
    }
}
