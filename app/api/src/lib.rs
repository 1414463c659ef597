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
    GpuUse, Granularity, GroupTotals, Grouping, KeyUsage, KeyUsageBucket, Metric, UsageGroup, UsageReport, UsageSeries,
    UsageTotals,
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

/// What pages in the browser ask, in the name of one signed-in user. The API has more: `GET /api/openapi.json`.
pub trait ConsoleApi: Send + Sync {
    /// Who is signed in. `GET /api/session`
    fn session(&self) -> ApiFuture<SessionInfo>;
    /// The state of everything, with the last minutes of live figures. `GET /api/overview`
    fn overview(&self) -> ApiFuture<Overview>;
    /// What the server renders for an address, such as `/keys?status=active`, as HTML without the frame. `GET /parts/{address}`
    fn part(&self, address: &str) -> ApiFuture<String>;
}
