//! The data path: everything under `/v1`. Knows neither Leptos nor the database.
//!
//! A request's way, module by module: `routes` → `authentication` → `envelope` → `engine` → `relay` or `whole` → `settlement`.
//! What changes while it runs (keys, the engine's model) is a snapshot in the [`Gateway`] that others replace; the data path
//! never waits for them.

mod authentication;
mod config;
mod counters;
mod dialect;
mod engine;
mod error;
mod gateway;
mod headers;
mod keys;
mod routes;

pub use config::GatewayConfig;
pub use counters::CounterSnapshot;
pub use gateway::{EngineSnapshot, Gateway, GatewayError};
pub use keys::KeyTable;
pub use routes::{not_found, router};
