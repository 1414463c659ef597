//! The simulated vLLM over a real socket.
#![cfg(test)]

mod client;
mod connections;
mod faults;
mod leaving;
mod metrics;
mod recordings;
mod shape;
mod usage;
mod versions;
