//! The console's API: one trait and its types, for both sides.
//!
//! The server implements [`ConsoleApi`] in process and renders pages with it; the browser implements it over HTTP.
//! The JSON routes serve exactly these types.

use std::{future::Future, pin::Pin, sync::Arc};

pub use account::{
    NewUser, PasswordChange, PasswordCheck, RecoveryCodes, SecondFactorCode, SecondFactorDraft, User, UserChange,
    UserSession,
};
pub use audit::{AuditEntry, AuditFilter, AuditPage};
pub use engine_metrics::{EngineCount, EngineFigures, EngineMetrics, EnginePoint, EngineRank, EngineRun, Latency};
pub use error::ApiError;
pub use gpu::{
    EccErrors, Gpu, GpuFigures, GpuOverview, GpuPoint, GpuProcess, GpuReport, GpuSource, GpuSummary, NvLinks, PcieLink,
    RowRemaps, ThrottleReason, Traffic, XidEvent,
};
pub use key::{ApiKey, CreatedKey, KeyEdit, KeyRotation, KeySettings, KeyStatus, NewKey};
pub use live::{EngineState, EngineStatus, LiveEvent, LiveSample, Overview};
pub use node::{
    EngineProcess, Gpus, LoadProgress, NewSwitch, ProcessState, Profile, Profiles, Switch, SwitchOutcome, SwitchPhase,
    SwitchStep, Switches,
};
pub use reports::{Choices, Reports};
pub use request::{RequestDetail, RequestPage, RequestPhase, RequestSummary};
pub use session::{Role, SessionInfo};
pub use setting::{EffectiveSettings, Setting, SettingSource};
pub use usage::{
    Granularity, Grouping, KeyUsage, KeyUsageBucket, Metric, UsageGroup, UsageReport, UsageSeries, UsageTotals,
};

mod account;
mod audit;
mod engine_metrics;
mod error;
mod gpu;
mod key;
mod live;
mod node;
mod reports;
mod request;
mod session;
mod setting;
mod usage;

/// An answer under way.
pub type ApiFuture<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send>>;

/// The API as pages get it from context.
pub type Api = Arc<dyn ConsoleApi>;

/// What pages in the browser ask and do, in the name of one signed-in user. The API has more: `GET /api/openapi.json`.
pub trait ConsoleApi: Send + Sync {
    /// Who is signed in. `GET /api/session`
    fn session(&self) -> ApiFuture<SessionInfo>;
    /// The state of everything, with the last minutes of live figures. `GET /api/overview`
    fn overview(&self) -> ApiFuture<Overview>;
    /// Every key, newest first; revoked ones are kept for the record. `GET /api/keys`
    fn keys(&self) -> ApiFuture<Vec<ApiKey>>;
    /// The part of a page that the server renders by itself, as HTML, for the page's path and query. `GET /parts/{page}`
    fn part(&self, path: &str, query: &str) -> ApiFuture<String>;
    /// A page that the server renders whole, as HTML without the frame. `GET /api/view?address=/keys`
    fn view(&self, address: String) -> ApiFuture<String>;
    /// The GPUs with the last 15 minutes. `GET /api/gpus`
    fn gpus(&self) -> ApiFuture<Gpus>;
    /// The GPUs over the last 1 to 720 hours, in at most about 480 points. `GET /api/gpus/history?hours=24`
    fn gpu_history(&self, hours: u32) -> ApiFuture<Vec<GpuPoint>>;
    /// The models that the machine can be switched to. `GET /api/profiles`
    fn profiles(&self) -> ApiFuture<Profiles>;
    /// The switch under way and those before it. `GET /api/switch`
    fn switches(&self) -> ApiFuture<Switches>;
    /// Starts a switch; 409 names who holds the one under way. Administrators only. `POST /api/switch`
    fn start_switch(&self, new: NewSwitch) -> ApiFuture<Switch>;
    /// Calls the switch under way off; 409 if there is none or the engine before it is gone already. Administrators
    /// only. `POST /api/switch/cancel`
    fn cancel_switch(&self) -> ApiFuture<Switch>;
}
