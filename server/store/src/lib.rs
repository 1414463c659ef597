//! Keys, users, sessions, usage and the audit log, in SQLite or PostgreSQL.
//!
//! [`Store`] is the whole of it: one value, cheap to clone, that every part of the server shares. The data path never
//! waits for it: it works from [`Store::key_grants`], taken again whenever [`Changes::changed`] says so, and hands
//! its records to [`usage::Writer`].
//!
//! Each table has one file here, with its rows, its statements and nothing else. Every statement is a constant with
//! bound parameters, written so that both databases understand it; what they do not share is in `sqlite`,
//! `postgres`, `changes` and the migrations.

pub use audit::{Actor, AuditEntry, AuditQuery, AuditRow};
pub use changes::Changes;
pub use engine_runs::{EngineRun, TokenTotals};
pub use error::StoreError;
pub use gpu_minutes::GpuMinute;
pub use keys::{KeyEdit, KeyRow, NewKey};
pub use second_factor::{RecoveryDigest, SecondFactor};
pub use sessions::{NewSession, SessionDigest, SessionId, SessionRow};
pub use shares::{Allowance, Asked, BudgetUse, GatewayId, KeyShare, Shares};
pub use store::Store;
pub use switches::BegunSwitch;
pub use users::{NewUser, UserId, UserRow};
pub use worv_core::key::KeySettings;

mod audit;
mod backup;
mod changes;
mod engine_loads;
mod engine_runs;
mod error;
mod gpu_minutes;
mod keys;
mod migrate;
mod postgres;
mod restore;
mod row;
mod second_factor;
mod sessions;
mod shares;
mod sqlite;
mod statement;
mod store;
mod switches;
mod text;
pub mod usage;
mod users;
