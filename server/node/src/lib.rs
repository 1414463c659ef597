//! The machine behind the gateway: its GPUs and its engine.
//!
//! Each is watched by a task of its own that publishes what it sees through a [`tokio::sync::watch`] channel. A reader
//! always finds the latest state there, a slow one skips what it missed, and none of them can hold the watcher up.

pub mod engine;
pub mod gpu;
pub mod history;
pub mod machine;
pub mod remote;
pub mod supervisor;
pub mod switching;

mod exposition;
mod http;
