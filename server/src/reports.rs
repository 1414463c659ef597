//! Usage and requests, from the store's rows to what the console, a key's holder and the command line are told.

pub use requests::{RequestQuestion, detail, listed, summary};
pub use usage::{key_usage, report};
pub use usage_question::UsageQuestion;

pub mod csv;
mod parameters;
mod requests;
mod totals;
mod usage;
mod usage_question;
