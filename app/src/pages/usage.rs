//! Usage: what was used over time, by whom and for what, and how that compares with the time before.

pub(crate) use self::report::part;

mod figure;
mod filters;
mod groups;
mod numbers;
mod report;
mod tiles;
mod words;
