//! Asking a neighbour over HTTP, with what goes wrong in words.

use std::{error::Error, fmt, time::Duration};

use reqwest::{Client, RequestBuilder, Response, Url, redirect::Policy};
use serde::de::DeserializeOwned;
use serde_json::Value;
use worv_core::Secret;

/// uvicorn, which vLLM runs on, closes a connection after 5 s of silence; one is never reused that late.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Asks one neighbour.
pub(crate) struct Neighbour {
    /// What it is called in a sentence, at its beginning.
    name: &'static str,
    client: Client,
    timeout: Duration,
    /// Sent as `Authorization: Bearer`.
    api_key: Option<Secret>,
}

/// Why there is no answer.
pub(crate) struct Trouble {
    /// As a sentence.
    pub(crate) words: String,
    /// Whether it took too long, rather than failed.
    pub(crate) timed_out: bool,
}

/// `base` with path segments added; a path that it already has is kept.
pub(crate) fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

impl Neighbour {
    /// `name` begins a sentence, such as `The engine`; `timeout` is for a whole answer.
    pub(crate) fn new(name: &'static str, timeout: Duration) -> reqwest::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_idle_timeout(POOL_IDLE)
            .timeout(timeout)
            .build()?;
        Ok(Self {
            name,
            client,
            timeout,
            api_key: None,
        })
    }

    /// The same neighbour, asked with a key if there is one.
    pub(crate) fn with_api_key(self, api_key: Option<Secret>) -> Self {
        Self { api_key, ..self }
    }

    /// The answer, if its status is a success.
    pub(crate) async fn get(&self, url: &Url) -> Result<Response, Trouble> {
        self.send(self.client.get(url.clone()), "GET", url).await
    }

    /// The JSON that it answers to JSON.
    pub(crate) async fn post(&self, url: &Url, body: &Value) -> Result<Value, Trouble> {
        let response = self.send(self.client.post(url.clone()).json(body), "POST", url).await?;
        response
            .json()
            .await
            .map_err(|error| self.misunderstood(&error, "POST", url))
    }

    async fn send(&self, mut request: RequestBuilder, method: &str, url: &Url) -> Result<Response, Trouble> {
        if let Some(key) = &self.api_key {
            request = request.bearer_auth(key.expose());
        }
        let response = request.send().await.map_err(|error| {
            let address = url.origin().ascii_serialization();
            self.trouble(&error, format_args!("{} cannot be reached at {address}", self.name))
        })?;
        let status = response.status();
        if status.is_success() {
            Ok(response)
        } else {
            Err(Trouble {
                words: format!("{} answered {method} {} with {status}.", self.name, url.path()),
                timed_out: false,
            })
        }
    }

    /// The answer's JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Trouble> {
        let answer = self.get(url).await?.json().await;
        answer.map_err(|error| self.misunderstood(&error, "GET", url))
    }

    /// The answer's text.
    pub(crate) async fn text(&self, url: &Url) -> Result<String, Trouble> {
        let answer = self.get(url).await?.text().await;
        answer.map_err(|error| self.misunderstood(&error, "GET", url))
    }

    fn misunderstood(&self, error: &reqwest::Error, method: &str, url: &Url) -> Trouble {
        let path = url.path();
        self.trouble(
            error,
            format_args!("{}'s answer to {method} {path} is not understood", self.name),
        )
    }

    fn trouble(&self, error: &reqwest::Error, what: fmt::Arguments<'_>) -> Trouble {
        let timed_out = error.is_timeout();
        let words = if timed_out {
            format!("{} did not answer within {:?}.", self.name, self.timeout)
        } else {
            format!("{what}: {}.", root_cause(error))
        };
        Trouble { words, timed_out }
    }
}

/// The innermost error: `Connection refused` rather than `error sending request`.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
