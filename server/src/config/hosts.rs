//! The names of the hosts.

use serde::{Deserialize, Serialize};

use crate::edge::HostName;

/// `[hosts]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hosts {
    /// The host of the API, such as `proxy.example.com`.
    pub proxy: Option<HostName>,
    /// The host of the console, such as `admin.proxy.example.com`.
    pub admin: Option<HostName>,
}
