//! HTTPS: the certificate in force, from files or from an ACME server.

use std::{path::PathBuf, sync::Arc};

use tokio_rustls::rustls::{self, ServerConfig, crypto::CryptoProvider};
use tokio_util::sync::CancellationToken;
use worv_core::Clock;

use crate::{
    edge::Hosts,
    failure::{Failure, Kind},
};

pub use acme::Acme;
pub use certificate::{Certificate, CertificateError};
pub use challenges::Challenges;

use in_force::InForce;

mod acme;
mod certificate;
mod challenges;
mod in_force;
mod watch;

/// The protocols of a connection, the preferred one first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate's files.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate, and those between it and the authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// HTTPS with a certificate that can be replaced.
pub struct Tls {
    server: Arc<ServerConfig>,
    in_force: Arc<InForce>,
    files: Files,
    /// Of the files when they were read first.
    fingerprints: watch::Fingerprints,
    /// What writes the files, if that is done here.
    acme: Option<Acme>,
    clock: Clock,
}

impl Tls {
    /// With a certificate from files. One that cannot be used is said in one line.
    pub fn from_files(files: Files, clock: Clock) -> Result<Self, Failure> {
        // Taken before they are read: a change in between is found.
        let fingerprints = watch::fingerprints(&files);
        let certificate = Certificate::read(&files, clock.now())
            .map_err(|error| Failure::new(Kind::Config, format!("{error}: correct it, or take [tls] out")))?;
        Self::new((files, fingerprints), Some(certificate), None, clock)
    }

    /// With a certificate from an ACME server: the one that is kept, or none until there is one.
    pub fn from_acme(acme: Acme, clock: Clock) -> Result<Self, Failure> {
        let files = acme.files();
        let fingerprints = watch::fingerprints(&files);
        let certificate = Certificate::read(&files, clock.now()).ok();
        Self::new((files, fingerprints), certificate, Some(acme), clock)
    }

    fn new(
        (files, fingerprints): (Files, watch::Fingerprints),
        certificate: Option<Certificate>,
        acme: Option<Acme>,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let in_force = Arc::new(InForce::new(certificate));
        let resolver: Arc<dyn rustls::server::ResolvesServerCert> = Arc::clone(&in_force) as _;
        let mut server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new(Kind::Software, format!("cannot set up TLS: {error}")))?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        server.alpn_protocols = ALPN.map(<[u8]>::to_vec).into();
        Ok(Self {
            server: Arc::new(server),
            in_force,
            files,
            fingerprints,
            acme,
            clock,
        })
    }

    /// What connections are accepted with. They keep their certificate; new ones get the one in force.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// The certificate in force; none while the first has not come from the ACME server.
    pub fn certificate(&self) -> Option<Arc<Certificate>> {
        self.in_force.current()
    }

    /// How often the ACME server was of no use, where the certificate comes from one.
    pub fn acme_failures(&self) -> Option<u64> {
        self.acme.as_ref().map(Acme::failures)
    }

    /// What an ACME server is answered over plain HTTP.
    pub fn challenges(&self) -> Challenges {
        self.acme.as_ref().map(Acme::challenges).unwrap_or_default()
    }

    /// Says in the log which of our names the certificate does not have. One from an ACME server will have them.
    pub fn warn_of_missing_names(&self, hosts: Option<&Hosts>) {
        let Some(certificate) = self.certificate().filter(|_| self.acme.is_none()) else {
            return;
        };
        for host in hosts
            .into_iter()
            .flat_map(Hosts::all)
            .filter(|host| !certificate.names(host))
        {
            tracing::warn!(%host, "the certificate does not name this host: browsers and SDKs will refuse it");
        }
    }

    /// Puts changed certificates in force, and sees to it that they come, until `stopping`. What is wrong with one is
    /// logged, and the one before stays.
    pub async fn keep_up(self: Arc<Self>, stopping: CancellationToken) {
        let follow = watch::follow(&self.files, self.fingerprints, &self.in_force, &self.clock);
        let renew = async {
            if let Some(acme) = &self.acme {
                acme.keep(self.certificate()).await;
            }
        };
        stopping
            .run_until_cancelled(async {
                tokio::join!(follow, renew);
            })
            .await;
    }
}

/// The cryptography: *ring*, which the database's client brings as well.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
