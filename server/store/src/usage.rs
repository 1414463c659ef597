//! What requests used: one row for each that was admitted, never any content, and sums that outlive the rows.

pub use query::{Group, GroupBy, UsageBucket, UsageQuery};
pub use requests::{RequestFilter, RequestPage, RequestQuery};
pub use sums::{Span, UsageTotals};
pub use writer::{Durability, Writer, WriterStatus};

mod batches;
mod code;
mod journal;
mod query;
mod requests;
mod retention;
mod statement;
mod sums;
mod under_way;
mod writer;
