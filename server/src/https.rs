//! A client for what is asked over HTTPS, with the certificates that this system trusts.

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use crate::{
    failure::{Failure, Kind},
    tls,
};

/// Asks over HTTP/1.1, with TLS or without, on connections that are kept.
pub type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A new client.
pub fn client() -> Result<HttpsClient, Failure> {
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(tls::provider())
        .map_err(|error| {
            let message = format!("cannot read this system's certificates: {error}");
            Failure::new(Kind::Unavailable, message)
        })?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}
