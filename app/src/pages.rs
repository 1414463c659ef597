//! The pages, one a file.

pub(crate) use not_found::NotFoundPage;
pub(crate) use overview::OverviewPage;
pub(crate) use requests::RequestsPage;
pub(crate) use served::ServedPage;

mod not_found;
mod overview;
pub(crate) mod requests;
mod served;
#[cfg(feature = "ssr")]
pub(crate) mod usage;
