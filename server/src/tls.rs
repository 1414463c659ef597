//! HTTPS: the certificate in force, and what an ACME server is told about it.

use std::{path::PathBuf, sync::Arc};

use tokio_rustls::rustls::{self, ServerConfig, crypto::CryptoProvider};
use tokio_util::sync::CancellationToken;
use worv_core::Clock;

use crate::{
    edge::Hosts,
    failure::{Failure, Kind},
};

pub use certificate::Certificate;
pub use challenges::Challenges;

use in_force::InForce;

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
    clock: Clock,
}

impl Tls {
    /// Reads the certificate. One that cannot be used is said in one line.
    pub fn open(files: Files, clock: Clock) -> Result<Self, Failure> {
        // Taken before they are read: a change in between is found.
        let fingerprints = watch::fingerprints(&files);
        let certificate = Certificate::read(&files, clock.now())
            .map_err(|error| Failure::new(Kind::Config, format!("{error}: correct it, or take [tls] out")))?;
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
            clock,
        })
    }

    /// What connections are accepted with. They keep their certificate; new ones get the one in force.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// The certificate in force.
    pub fn certificate(&self) -> Arc<Certificate> {
        self.in_force.current()
    }

    /// Says in the log which of our names the certificate does not have.
    pub fn warn_of_missing_names(&self, hosts: Option<&Hosts>) {
        let certificate = self.certificate();
        for host in hosts
            .into_iter()
            .flat_map(Hosts::all)
            .filter(|host| !certificate.names(host))
        {
            tracing::warn!(%host, "the certificate does not name this host: browsers and SDKs will refuse it");
        }
    }

    /// Puts a changed certificate in force until `stopping`. What is wrong with it is logged, and the one before stays.
    pub async fn follow_files(self: Arc<Self>, stopping: CancellationToken) {
        stopping
            .run_until_cancelled(watch::follow(
                &self.files,
                self.fingerprints,
                &self.in_force,
                &self.clock,
            ))
            .await;
    }
}

/// The cryptography: *ring*, which the database's client brings as well.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
