//! Switching with the real gateway and simulated engines as real processes: under load, with failures, and with the
//! gateway killed in the middle of it.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod agent;
mod command_line;
mod gateway;
mod interrupted;
#[path = "../support/ports.rs"]
mod ports;
mod real_engine;
mod remote;
#[path = "../support/serving.rs"]
mod serving;
mod telemetry;
mod traffic;
mod under_load;
