//! The pages, one a file.

pub(crate) use keys::KeysPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use overview::OverviewPage;
pub(crate) use requests::RequestsPage;
pub(crate) use usage::UsagePage;

mod keys;
mod not_found;
mod overview;
pub(crate) mod requests;
pub(crate) mod usage;
