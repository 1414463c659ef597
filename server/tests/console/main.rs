//! The console's API and forms, of the real program over HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod account;
mod audit;
mod forms;
mod keys;
mod openapi;
#[path = "../support/serving.rs"]
mod serving;
mod support;
mod users;
