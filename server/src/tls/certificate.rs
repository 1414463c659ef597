//! A certificate with its key, read and checked.

use std::{io, path::Path, sync::Arc};

use tokio_rustls::rustls::{
    self, InconsistentKeys,
    client::verify_server_name,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use worv_core::UnixMillis;
use x509_parser::time::ASN1Time;

use super::{Files, provider};
use crate::edge::HostName;

/// A certificate that can be used.
#[derive(Debug)]
pub struct Certificate {
    /// The chain and the key, as connections use them.
    pub key: Arc<CertifiedKey>,
    /// Since when it is valid.
    pub not_before: UnixMillis,
    /// When it expires.
    pub not_after: UnixMillis,
}

/// Why a certificate cannot be used. Each is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("tls.{name}: cannot read {path} ({error})")]
    Unreadable {
        /// `cert` or `key`.
        name: &'static str,
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A file does not hold what it should.
    #[error("tls.{name}: {path} has no {what} in PEM form")]
    Missing {
        /// `cert` or `key`.
        name: &'static str,
        /// The file.
        path: String,
        /// What it should hold.
        what: &'static str,
    },
    /// The two files do not belong together.
    #[error("tls.key: {key} is not the private key of the certificate in {cert}")]
    WrongPair {
        /// The key's file.
        key: String,
        /// The certificate's file.
        cert: String,
    },
    /// It is out of date.
    #[error("tls.cert: the certificate in {path} expired on {at}")]
    Expired {
        /// The file.
        path: String,
        /// When.
        at: String,
    },
    /// It is not valid yet.
    #[error("tls.cert: the certificate in {path} is not valid before {at}; is this machine's clock right?")]
    NotYet {
        /// The file.
        path: String,
        /// When.
        at: String,
    },
    /// Something else is wrong with it.
    #[error("tls.cert: the certificate in {path} cannot be used ({reason})")]
    Unusable {
        /// The file.
        path: String,
        /// What.
        reason: String,
    },
}

impl Certificate {
    /// Reads and checks the files.
    pub fn read(files: &Files, now: UnixMillis) -> Result<Self, CertificateError> {
        let chain = read_file("cert", &files.cert)?;
        let key = read_file("key", &files.key)?;
        Self::check(files, (&chain, &key), now)
    }

    /// Checks what is to become the one file `path`.
    pub fn parse(pem: &[u8], path: &Path, now: UnixMillis) -> Result<Self, CertificateError> {
        let files = Files {
            cert: path.to_owned(),
            key: path.to_owned(),
        };
        Self::check(&files, (pem, pem), now)
    }

    fn check(files: &Files, (chain, key): (&[u8], &[u8]), now: UnixMillis) -> Result<Self, CertificateError> {
        let missing = |name, path: &Path, what| CertificateError::Missing {
            name,
            path: shown(path),
            what,
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, pem::Error>>()
            .map_err(|_| missing("cert", &files.cert, "certificate"))?;
        let first = chain
            .first()
            .ok_or_else(|| missing("cert", &files.cert, "certificate"))?;
        let (not_before, not_after) = check_dates(first, &files.cert, now)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| missing("key", &files.key, "private key"))?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => CertificateError::WrongPair {
                key: shown(&files.key),
                cert: shown(&files.cert),
            },
            error => unusable(&files.cert, &error),
        })?;
        Ok(Self {
            key: Arc::new(key),
            not_before,
            not_after,
        })
    }

    /// When two thirds of its life are over, which is when it should be renewed at the latest.
    pub fn old_at(&self) -> UnixMillis {
        let life = self.not_after.since(self.not_before);
        self.not_before.plus(life / 3 * 2)
    }

    /// Whether it is for `host`.
    pub fn names(&self, host: &HostName) -> bool {
        let Ok(name) = ServerName::try_from(host.as_str()) else {
            return false;
        };
        let parsed = self.key.end_entity_cert().and_then(ParsedCertificate::try_from);
        parsed.is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
    }
}

/// When it begins and ends, if it is valid `now`.
fn check_dates(
    certificate: &CertificateDer<'_>,
    path: &Path,
    now: UnixMillis,
) -> Result<(UnixMillis, UnixMillis), CertificateError> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|error| unusable(path, &error))?;
    let validity = parsed.validity();
    let now = now.0.div_euclid(1000);
    if now > validity.not_after.timestamp() {
        return Err(CertificateError::Expired {
            path: shown(path),
            at: validity.not_after.to_string(),
        });
    }
    if now < validity.not_before.timestamp() {
        return Err(CertificateError::NotYet {
            path: shown(path),
            at: validity.not_before.to_string(),
        });
    }
    let at = |time: ASN1Time| UnixMillis(time.timestamp().saturating_mul(1000));
    Ok((at(validity.not_before), at(validity.not_after)))
}

fn read_file(name: &'static str, path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|error| CertificateError::Unreadable {
        name,
        path: shown(path),
        error,
    })
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> CertificateError {
    CertificateError::Unusable {
        path: shown(path),
        reason: reason.to_string(),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
