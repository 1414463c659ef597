//! The data path over real sockets, with the engine's side played by hand or by the simulated vLLM.

mod admission;
mod audio;
mod connections;
mod failures;
mod han;
mod limits;
mod models;
mod other_routes;
mod output_budget;
mod relaying;
mod simulated;
mod support;
mod switching;
mod versions;
