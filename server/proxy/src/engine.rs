//! The engine's HTTP client: one configured address, a pool of connections, and nothing from the environment.
//!
//! It is our own because of what lies between the two sides of a stream: here a read of the engine's socket becomes one
//! piece for the caller, however many chunks it holds, without a task or a channel in between.

use std::{io, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::AUTHORIZATION};
use reqwest::Url;

pub(crate) use self::body::EngineBody;
use self::{connection::Connection, pool::Pool};
use crate::{GatewayConfig, GatewayError, fields::Fields};

mod body;
mod chunked;
mod connection;
mod head;
mod pool;
#[cfg(test)]
mod tests;

/// A body up to this length, in bytes, is sent in one piece with the head: copying it costs less than two pieces do.
const SMALL_BODY: usize = 4 << 10;

/// The engine's answer, body still under way.
#[derive(Debug)]
pub(crate) struct EngineAnswer {
    pub(crate) status: StatusCode,
    pub(crate) fields: Fields,
    pub(crate) body: EngineBody,
}

/// Sends requests to the engine.
pub(crate) struct Engine {
    pool: Arc<Pool>,
    base: Url,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
}

/// No answer came from the engine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// No connection could be made.
    #[error("the engine cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The connection broke before the answer's head was complete.
    #[error("the engine broke off before it answered")]
    BrokeOff(#[source] io::Error),
}

impl Engine {
    pub(crate) fn new(config: &GatewayConfig) -> Result<Self, GatewayError> {
        let base = base_url(&config.engine_url)?;
        let invalid = || GatewayError::EngineUrl {
            url: config.engine_url.clone(),
        };
        let host = base.host_str().ok_or_else(invalid)?;
        let authority = base.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        let port = base.port_or_known_default().ok_or_else(invalid)?;
        Ok(Self {
            pool: Pool::new(host.trim_matches(['[', ']']), port, config.connect_timeout),
            host: HeaderValue::try_from(authority).map_err(|_| invalid())?,
            base,
            authorization: config.engine_api_key.as_ref().map(bearer).transpose()?,
        })
    }

    /// The address of one of the engine's routes. `path` is one of ours or of the configuration's, never the caller's.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    /// Sends a request and waits for the head of the answer, whatever its status.
    ///
    /// A connection that closes before the first byte of an answer is what a pooled one does when the engine has just
    /// given it up, so the request is repeated once on a connection of its own.
    pub(crate) async fn post(&self, url: &Url, fields: &Fields, mut body: Bytes) -> Result<EngineAnswer, EngineError> {
        let authorization = self.authorization.iter().map(|ours| (&AUTHORIZATION, ours));
        let fields = fields.iter().chain(authorization);
        let inlined = if body.len() <= SMALL_BODY { body.len() } else { 0 };
        let mut head = head::request(url.path(), &self.host, fields, body.len(), inlined);
        head.extend_from_slice(&body.split_to(inlined));
        let connection = match self.pool.take() {
            Some(connection) => connection,
            None => Box::pin(self.connect()).await?,
        };
        match self.exchange(connection, &head, &body).await {
            Err(Broken::BeforeAnswer(error)) => {
                tracing::debug!(%error, "repeating a request on a fresh connection");
                let connection = Box::pin(self.connect()).await?;
                let answer = Box::pin(self.exchange(connection, &head, &body)).await;
                answer.map_err(|(Broken::BeforeAnswer(error) | Broken::InHead(error))| EngineError::BrokeOff(error))
            }
            Err(Broken::InHead(error)) => Err(EngineError::BrokeOff(error)),
            Ok(answer) => Ok(answer),
        }
    }

    async fn connect(&self) -> Result<Connection, EngineError> {
        self.pool.connect().await.map_err(EngineError::Unreachable)
    }

    async fn exchange(&self, mut connection: Connection, head: &[u8], body: &[u8]) -> Result<EngineAnswer, Broken> {
        let sent = connection.send(head, body).await;
        let head = match connection.read_head().await {
            Ok(head) => head,
            // Where sending failed, that is the cause.
            Err(error) if connection.is_silent() => return Err(Broken::BeforeAnswer(sent.err().unwrap_or(error))),
            Err(error) => return Err(Broken::InHead(error)),
        };
        // A request that was not taken whole leaves its rest on the connection.
        let reusable = head.keeps_alive && matches!(sent, Ok(true));
        let body = EngineBody::new(connection, head.framing, reusable.then(|| Arc::clone(&self.pool)));
        Ok(EngineAnswer {
            status: head.status,
            fields: head.fields,
            body,
        })
    }
}

/// Where an exchange broke.
enum Broken {
    /// Not a byte of an answer had come.
    BeforeAnswer(io::Error),
    /// In its head.
    InHead(io::Error),
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
