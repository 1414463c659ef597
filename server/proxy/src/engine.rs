//! The engine's HTTP client: one configured address, a pool of connections, and nothing from the environment.

use std::time::Duration;

use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use reqwest::{Client, ClientBuilder, Url, redirect};

use crate::{GatewayConfig, GatewayError};

/// vLLM closes idle connections after 5 s (`VLLM_HTTP_TIMEOUT_KEEP_ALIVE`); ours are given up before that,
/// so that a request rarely meets a closing one.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// A peer that vanished without a word is noticed after about four of these.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// The engine's answer, body still under way.
pub(crate) type EngineResponse = http::Response<reqwest::Body>;

/// Sends requests to the engine.
pub(crate) struct Engine {
    pooled: Client,
    /// Opens a connection for each request: for the one repetition after a pooled connection turned out to be closed.
    fresh: Client,
    base: Url,
    authorization: Option<HeaderValue>,
}

/// No answer came from the engine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// No connection could be made.
    #[error("the engine cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The connection broke before the answer's head was complete.
    #[error("the engine broke off before it answered")]
    BrokeOff(#[source] reqwest::Error),
}

impl Engine {
    pub(crate) fn new(config: &GatewayConfig) -> Result<Self, GatewayError> {
        let builder = || {
            Client::builder()
                .http1_only()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .tcp_nodelay(true)
                .tcp_keepalive(TCP_KEEPALIVE)
                .connect_timeout(config.connect_timeout)
                .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        };
        let build = ClientBuilder::build;
        Ok(Self {
            pooled: build(builder())?,
            fresh: build(builder().pool_max_idle_per_host(0))?,
            base: base_url(&config.engine_url)?,
            authorization: config.engine_api_key.as_ref().map(bearer).transpose()?,
        })
    }

    /// The address of one of the engine's routes. `path` is one of ours, never the caller's.
    pub(crate) fn url(&self, path: &'static str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// Sends a request and waits for the head of the answer, whatever its status.
    ///
    /// A connection that closes before the first byte of an answer is what a pooled one does when the engine has just
    /// given it up, so the request is repeated once on a connection of its own.
    pub(crate) async fn post(
        &self,
        url: &Url,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<EngineResponse, EngineError> {
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let send = |client: &Client| {
            client
                .post(url.clone())
                .headers(headers.clone())
                .body(body.clone())
                .send()
        };
        let answer = match send(&self.pooled).await {
            Err(error) if !error.is_connect() => {
                tracing::debug!(%error, "repeating a request on a fresh connection");
                send(&self.fresh).await
            }
            answer => answer,
        };
        match answer {
            Ok(response) => Ok(response.into()),
            Err(error) if error.is_connect() => Err(EngineError::Unreachable(error)),
            Err(error) => Err(EngineError::BrokeOff(error)),
        }
    }
}

fn base_url(text: &str) -> Result<Url, GatewayError> {
    let invalid = || GatewayError::EngineUrl { url: text.to_owned() };
    let url = Url::parse(text).map_err(|_| invalid())?;
    let bare = url.scheme() == "http"
        && url.has_host()
        && matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if bare { Ok(url) } else { Err(invalid()) }
}

fn bearer(key: &worv_core::Secret) -> Result<HeaderValue, GatewayError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
    let mut value = value.map_err(|_| GatewayError::EngineApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_http_address_is_an_engine() {
        for good in ["http://127.0.0.1:8000", "http://engine:8000/", "http://[::1]:8000"] {
            assert!(base_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:8000",
            "https://engine",
            "http://engine/v1",
            "http://u:p@engine",
            "http://engine/?q",
        ] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }
}
