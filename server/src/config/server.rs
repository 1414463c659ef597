//! Where the gateway listens and keeps its files.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::edge::TrustedProxies;

/// `[server]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address of everything, plain HTTP; with `[tls]`, it leads to HTTPS only.
    pub listen: SocketAddr,
    /// Address of `/metrics`, `/health/live` and `/health/ready`; not for the public.
    pub metrics_listen: SocketAddr,
    /// Folder for the database and the demo's files; created for its owner only.
    pub data_dir: PathBuf,
    /// Folder with the console's built files (`pkg/`, fonts, icons); without it, those in the binary, or `target/site`.
    pub site_dir: Option<PathBuf>,
    /// Seconds that open requests get to finish when the gateway is stopped.
    pub drain_seconds: u64,
    /// Addresses and networks of the proxies in front, whose `X-Forwarded-For` names the client.
    pub trusted_proxies: TrustedProxies,
    /// Connections from `trusted_proxies` begin with a PROXY header (version 1 or 2), which names the client.
    pub proxy_protocol: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            data_dir: PathBuf::from("data"),
            site_dir: None,
            drain_seconds: 30,
            trusted_proxies: TrustedProxies::default(),
            proxy_protocol: false,
        }
    }
}
