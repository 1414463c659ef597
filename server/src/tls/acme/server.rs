//! The ACME server, and how it is reached.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::Limited;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use instant_acme::{Account, AccountBuilder, BodyWrapper, BytesResponse, Error, ExternalAccountKey, HttpClient};
use tokio::time::timeout;

use crate::{
    config,
    failure::Failure,
    https::{self, Connector},
};

/// How long one request may take. Some servers check the challenge before they answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is read of an answer, in bytes.
const ANSWER: usize = 1 << 20;

/// Where certificates come from.
pub(super) struct Server {
    http: Http,
    directory: String,
    contact: Option<String>,
    external_account: Option<(String, Vec<u8>)>,
}

#[derive(Clone)]
struct Http(Client<Connector, BodyWrapper<Bytes>>);

impl Server {
    pub(super) fn of(config: &config::Acme) -> Result<Option<Self>, Failure> {
        let Some(directory) = config.directory.clone() else {
            return Ok(None);
        };
        let connector = match &config.ca_file {
            Some(file) => https::trusting(file, "acme.ca_file")?,
            None => https::trusting_the_system()?,
        };
        Ok(Some(Self {
            http: Http(Client::builder(TokioExecutor::new()).build(connector)),
            directory,
            contact: config.contact.as_ref().map(|contact| format!("mailto:{contact}")),
            external_account: config.external_account.clone().zip(config.external_account_key_bytes()),
        }))
    }

    pub(super) fn directory(&self) -> &str {
        &self.directory
    }

    /// The address that the server writes to, as a URL.
    pub(super) fn contact(&self) -> Option<&str> {
        self.contact.as_deref()
    }

    pub(super) fn external_account(&self) -> Option<ExternalAccountKey> {
        let (id, key) = self.external_account.as_ref()?;
        Some(ExternalAccountKey::new(id.clone(), key))
    }

    /// What accounts are opened with.
    pub(super) fn accounts(&self) -> AccountBuilder {
        Account::builder_with_http(Box::new(self.http.clone()))
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let answer = self.0.request(request);
        Box::pin(async move {
            match timeout(PATIENCE, answer).await {
                Ok(Ok(answer)) => Ok(answer.map(|body| Limited::new(body, ANSWER)).into()),
                Ok(Err(error)) => Err(Error::Other(Box::new(error))),
                Err(_) => Err(Error::Other("no answer within a minute".into())),
            }
        })
    }
}
