//! Figures that are scraped over HTTP: the engine's own, and those of the GPUs of another machine.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

mod exporter;
mod metrics;
mod source;
