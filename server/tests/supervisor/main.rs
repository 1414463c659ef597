//! The supervisor with real processes: simulated engines, and commands that misbehave.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod bad_input;
mod machine;
#[path = "../support/ports.rs"]
mod ports;
mod running;
