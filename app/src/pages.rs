//! The pages, one a file.

pub(crate) use keys::KeysPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use overview::OverviewPage;

mod keys;
mod not_found;
mod overview;
