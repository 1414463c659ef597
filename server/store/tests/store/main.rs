//! The store as its callers see it, on real databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod changes;
mod engine_runs;
mod gpu_hours;
mod key_settings;
mod keys;
mod node;
mod open;
mod outage;
mod restore;
mod second_factor;
mod sessions;
mod sums;
mod support;
mod upgrade;
mod usage;
mod users;
mod writer;
