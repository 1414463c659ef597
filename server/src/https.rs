//! Clients for what is asked over HTTPS, with the certificates that this system trusts, or with those of a file.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{
    failure::{Failure, Kind},
    tls,
};

/// Opens connections for HTTP/1.1, with TLS or without.
pub type Connector = HttpsConnector<HttpConnector>;

/// Asks over HTTP/1.1, with TLS or without, on connections that are kept.
pub type HttpsClient = Client<Connector, Full<Bytes>>;

/// A new client.
pub fn client() -> Result<HttpsClient, Failure> {
    Ok(Client::builder(TokioExecutor::new()).build(trusting_the_system()?))
}

/// A connector that trusts the authorities that this system does.
pub fn trusting_the_system() -> Result<Connector, Failure> {
    let builder = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(tls::provider())
        .map_err(|error| {
            let message = format!("cannot read this system's certificates: {error}");
            Failure::new(Kind::Unavailable, message)
        })?;
    Ok(builder.https_or_http().enable_http1().build())
}

/// A connector that trusts the authorities in `file` alone, which are in PEM form; `key` is the setting that names it.
pub fn trusting(file: &Path, key: &str) -> Result<Connector, Failure> {
    let unusable = |kind, reason: &dyn std::fmt::Display| {
        let file = file.display();
        Failure::new(
            kind,
            format!("{key}: {file} cannot be used ({reason}): give certificates in PEM form"),
        )
    };
    let pem = std::fs::read(file).map_err(|error| unusable(Kind::NoInput, &error))?;
    let mut authorities = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(&pem) {
        let added = authority.map(|authority| authorities.add(authority));
        added
            .map_err(|error| unusable(Kind::Config, &error))?
            .map_err(|error| unusable(Kind::Config, &error))?;
    }
    if authorities.is_empty() {
        return Err(unusable(Kind::Config, &"it holds no certificate"));
    }
    let config = ClientConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(Kind::Software, format!("cannot set up TLS: {error}")))?
        .with_root_certificates(Arc::new(authorities))
        .with_no_client_auth();
    let builder = HttpsConnectorBuilder::new().with_tls_config(config);
    Ok(builder.https_or_http().enable_http1().build())
}
