//! The GPU watch against the stand-in management library: the whole way from the C interface to the report.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

mod faults;
mod figures;
mod machine;
