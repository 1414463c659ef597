//! What requests used: one row for each that was admitted, never any content, and sums that outlive the rows.

pub use gpu_use::{GpuShares, GpuUse};
pub use query::{Group, GroupBy, UsageBucket, UsageQuery};
pub use requests::{RequestFilter, RequestPage, RequestQuery};
pub use spent::{Spent, SpentElsewhere};
pub use sums::{Span, UsageTotals};
pub use writer::{Durability, Writer, WriterStatus};

pub(crate) use backlog::Backlog;
pub(crate) use spent::tokens_by_key;
pub(crate) use sums::recorded_of;

mod backlog;
mod batch;
mod batches;
mod code;
mod gpu_use;
mod journal;
mod owned_file;
mod packed;
mod query;
mod recorder;
mod requests;
mod retention;
mod spent;
mod sums;
mod under_way;
mod waiting;
mod write_ahead;
mod writer;
