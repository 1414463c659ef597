//! The database.

use serde::{Deserialize, Serialize};

/// `[database]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://USER@HOST/NAME`; without it, `worv.db` in the data folder.
    pub url: Option<String>,
}
