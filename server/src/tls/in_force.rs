//! Which certificate new connections get.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio_rustls::rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::Certificate;

/// The certificate in force. There may be none yet where it is still to come from an ACME server.
#[derive(Debug)]
pub struct InForce(ArcSwapOption<Certificate>);

impl InForce {
    /// `certificate`, for a start.
    pub fn new(certificate: Option<Certificate>) -> Self {
        Self(ArcSwapOption::from_pointee(certificate))
    }

    /// The one in force.
    pub fn current(&self) -> Option<Arc<Certificate>> {
        self.0.load_full()
    }

    /// Puts another in force, for connections from now on.
    pub fn replace(&self, certificate: Certificate) {
        self.0.store(Some(Arc::new(certificate)));
    }
}

impl ResolvesServerCert for InForce {
    /// The one certificate names every host, so what a client asks for does not matter. Without one, the client is refused.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|certificate| Arc::clone(&certificate.key))
    }
}
