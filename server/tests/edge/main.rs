//! What faces the network: hosts, TLS, the documentation and the chat, with the real binary.

#![expect(clippy::unwrap_used, reason = "a test ends where something unexpected happens")]
#![expect(
    unreachable_pub,
    reason = "in a test, `pub` says what a module offers to the other modules"
)]

mod acme;
mod acme_server;
mod certificates;
mod chat;
mod client;
mod docs;
mod gateway;
mod hosts;
mod proxy_protocol;
#[path = "../support/serving.rs"]
mod serving;
mod tls;
mod traces;
mod upgrade;
