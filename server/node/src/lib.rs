//! The machine behind the gateway: its GPUs and its engine.
