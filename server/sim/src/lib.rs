//! A simulated vLLM and the control file of the simulated B200s, for the demo and the tests.

pub mod engine;
pub mod gpus;
