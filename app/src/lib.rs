//! The console: its API types, pages, components and charts, compiled for the server and for wasm.

pub use worv_api as api;
