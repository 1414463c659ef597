//! Listeners that are there already: systemd's (`LISTEN_FDS`), or those of the gateway whose place this one takes.

use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;

use crate::failure::{Failure, Kind};

/// Where the gateway whose place this one takes hears that it serves; that one goes on until its requests have ended.
pub const HANDED_OVER: &str = "WORV_HANDED_OVER";

/// The names of the listeners, as `FileDescriptorName=` gives them: the keys that name their addresses.
const NAMES: &str = "LISTEN_FDNAMES";

/// Listeners by name.
#[derive(Default)]
pub struct Inherited {
    listeners: Vec<(String, TcpListener)>,
    handed_over: bool,
}

impl Inherited {
    /// What the environment names. To be asked for once.
    pub fn from_environment() -> Result<Self, Failure> {
        let mut given = ListenFd::from_env();
        let names = std::env::var(NAMES).unwrap_or_default();
        let mut names = names.split(':');
        let mut listeners = Vec::new();
        for number in 0..given.len() {
            let name = names.next().unwrap_or_default().to_owned();
            let listener = given
                .take_tcp_listener(number)
                .map_err(|error| Failure::new(Kind::Config, format!("LISTEN_FDS: the socket {name:?}: {error}")))?;
            listeners.extend(listener.map(|listener| (name, listener)));
        }
        Ok(Self {
            listeners,
            handed_over: std::env::var_os(HANDED_OVER).is_some(),
        })
    }

    /// The listener that is named `key`, or listens on `address`.
    pub fn take(&mut self, key: &str, address: SocketAddr) -> Option<TcpListener> {
        let is_it = |(name, listener): &(String, TcpListener)| {
            name == key || listener.local_addr().is_ok_and(|local| local == address)
        };
        let at = self.listeners.iter().position(is_it)?;
        Some(self.listeners.swap_remove(at).1)
    }

    /// Whether another gateway still serves its last requests beside this one.
    pub fn is_handed_over(&self) -> bool {
        self.handed_over
    }
}
