//! HTTPS.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// `[tls]`. Where it is set, `server.listen` answers 301 to HTTPS only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Address for HTTPS, such as `0.0.0.0:443`. Without it, everything is plain HTTP at `server.listen`.
    pub listen: Option<SocketAddr>,
    /// The certificate and those between it and the authority, in PEM form. Read again when it changes.
    pub cert: Option<PathBuf>,
    /// The certificate's private key, in PEM form. Read again when it changes.
    pub key: Option<PathBuf>,
    /// Seconds that browsers keep to HTTPS once they have seen it (`Strict-Transport-Security`); 0 does not ask them to.
    pub hsts_seconds: u64,
}

impl Tls {
    /// What is wrong with the keys together, in one line.
    pub fn complaint(&self) -> Option<String> {
        let keys = [
            ("tls.listen", self.listen.is_some()),
            ("tls.cert", self.cert.is_some()),
            ("tls.key", self.key.is_some()),
        ];
        let missing = keys.iter().find(|(_, set)| !set)?.0;
        let given = keys.iter().find(|(_, set)| *set)?.0;
        Some(format!(
            "{missing} is not set, but {given} is: HTTPS needs tls.listen, tls.cert and tls.key together"
        ))
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            listen: None,
            cert: None,
            key: None,
            // A year.
            hsts_seconds: 365 * 24 * 60 * 60,
        }
    }
}
