//! Which certificate new connections get.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio_rustls::rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::Certificate;

/// The certificate in force.
#[derive(Debug)]
pub struct InForce(ArcSwap<Certificate>);

impl InForce {
    /// `certificate`, for a start.
    pub fn new(certificate: Certificate) -> Self {
        Self(ArcSwap::from_pointee(certificate))
    }

    /// The one in force.
    pub fn current(&self) -> Arc<Certificate> {
        self.0.load_full()
    }

    /// Puts another in force, for connections from now on.
    pub fn replace(&self, certificate: Certificate) {
        self.0.store(Arc::new(certificate));
    }
}

impl ResolvesServerCert for InForce {
    /// The one certificate names every host, so what a client asks for does not matter.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().key))
    }
}
