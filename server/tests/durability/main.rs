//! What is recorded, whatever happens: real gateways in front of a simulated engine, killed, cut off and run in pairs.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]

mod books;
mod clients;
mod full_disk;
mod gateway;
mod outage;
mod own_server;
#[path = "../../store/tests/store/support/postgres.rs"]
mod postgres;
mod replicas;
#[path = "../support/serving.rs"]
mod serving;
mod torture;
