//! What requests used: one row for each that was admitted, never any content.

pub use writer::{Durability, Writer, WriterStatus};

mod code;
mod requests;
mod writer;
