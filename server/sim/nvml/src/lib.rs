//! A stand-in for NVIDIA's management library (NVML) that shows eight NVIDIA B200s.
//!
//! Built as a C library it exports the part of NVML's interface that the node's telemetry calls, with NVML's own names,
//! structures and error codes, so that the very code that reads real GPUs reads these. What they do is scripted by a
//! JSON file beside the library, `<path of the library>.json`, which is read again whenever it changes; without one
//! they carry a calm load. As a Rust library it is the [`script`]'s types.
//!
//! Interface: NVIDIA's NVML API Reference Guide, and the bindings of `nvml-wrapper-sys`.

pub mod script;

mod exports;
mod figures;
mod handles;
mod meters;
mod state;
