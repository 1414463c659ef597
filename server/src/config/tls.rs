//! HTTPS.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// `[tls]`. Where it is set, `server.listen` answers 301 to HTTPS only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Address for HTTPS, such as `0.0.0.0:443`. Without it, everything is plain HTTP at `server.listen`.
    pub listen: Option<SocketAddr>,
    /// The certificate and those between it and the authority, in PEM form. Read again when it changes. With
    /// `acme.directory`, neither this nor `key`.
    pub cert: Option<PathBuf>,
    /// The certificate's private key, in PEM form. Read again when it changes.
    pub key: Option<PathBuf>,
    /// Seconds that browsers keep to HTTPS once they have seen it (`Strict-Transport-Security`); 0 does not ask them to.
    pub hsts_seconds: u64,
}

impl Tls {
    /// What is wrong with the keys together, in one line; `acme` is whether the certificate comes from an ACME server.
    pub fn complaint(&self, acme: bool) -> Option<String> {
        if acme {
            return self.complaint_with_acme();
        }
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

    fn complaint_with_acme(&self) -> Option<String> {
        if self.cert.is_some() || self.key.is_some() {
            return Some(
                "tls.cert or tls.key is set, and acme.directory too: the certificate comes from one of the two; take the other out"
                    .to_owned(),
            );
        }
        self.listen.is_none().then(|| {
            "tls.listen is not set, but acme.directory is: give the address for HTTPS, such as 0.0.0.0:443".to_owned()
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_comes_from_files_or_from_an_acme_server() {
        let listen = Some(SocketAddr::from(([0, 0, 0, 0], 443)));
        let (cert, key) = (Some(PathBuf::from("cert.pem")), Some(PathBuf::from("key.pem")));
        let tls = |listen, cert, key| Tls {
            listen,
            cert,
            key,
            ..Tls::default()
        };
        assert_eq!(Tls::default().complaint(false), None);
        assert_eq!(tls(listen, cert.clone(), key.clone()).complaint(false), None);
        assert_eq!(tls(listen, None, None).complaint(true), None);
        for (tls, acme, says) in [
            (tls(listen, cert.clone(), None), false, "tls.key is not set"),
            (tls(listen, None, None), false, "tls.cert is not set"),
            (
                tls(None, None, None),
                true,
                "tls.listen is not set, but acme.directory is",
            ),
            (tls(listen, cert, key), true, "take the other out"),
        ] {
            let complaint = tls.complaint(acme).unwrap();
            assert!(complaint.contains(says), "{complaint}");
        }
    }
}
