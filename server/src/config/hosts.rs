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
    /// The host of the chat front end, such as `chat.proxy.example.com`; needs `chat.upstream`.
    pub chat: Option<HostName>,
    /// The host of the documentation, such as `docs.proxy.example.com`.
    pub docs: Option<HostName>,
}

impl Hosts {
    /// What is wrong with the names together, in one line.
    pub fn complaint(&self) -> Option<String> {
        let named = [
            ("hosts.proxy", &self.proxy),
            ("hosts.admin", &self.admin),
            ("hosts.chat", &self.chat),
            ("hosts.docs", &self.docs),
        ];
        let set: Vec<_> = named
            .iter()
            .filter_map(|(key, name)| Some((*key, name.as_ref()?)))
            .collect();
        for (at, (key, name)) in set.iter().enumerate() {
            if let Some((earlier, _)) = set[..at].iter().find(|(_, other)| other == name) {
                return Some(format!(
                    "{earlier} and {key} are both {name}: give each a name of its own, or none at all to serve everything by path"
                ));
            }
        }
        let missing = named[..2].iter().find(|(_, name)| name.is_none()).map(|(key, _)| *key);
        match (missing, set.first()) {
            (Some(missing), Some((given, _))) => Some(format!(
                "{missing} is not set, but {given} is: set hosts.proxy and hosts.admin both, or no host at all"
            )),
            _ => None,
        }
    }
}
