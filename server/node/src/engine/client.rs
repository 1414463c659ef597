//! Asking the engine over HTTP, with what goes wrong in words.

use std::{error::Error, fmt, time::Duration};

use reqwest::{Client, Response, Url, redirect::Policy};
use serde::de::DeserializeOwned;

/// uvicorn, which vLLM runs on, closes a connection after 5 s of silence; one is never reused that late.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Asks one engine.
pub(super) struct EngineClient {
    client: Client,
    timeout: Duration,
}

/// Why there is no answer.
pub(super) struct Trouble {
    /// As a sentence.
    pub(super) words: String,
    /// Whether it took too long, rather than failed.
    pub(super) timed_out: bool,
}

/// `base` with path segments added; a path that it already has is kept.
pub(super) fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

impl EngineClient {
    /// `timeout` is for a whole answer.
    pub(super) fn new(timeout: Duration) -> reqwest::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_idle_timeout(POOL_IDLE)
            .timeout(timeout)
            .build()?;
        Ok(Self { client, timeout })
    }

    /// The answer, if its status is a success.
    pub(super) async fn get(&self, url: &Url) -> Result<Response, Trouble> {
        let response = self.client.get(url.clone()).send().await.map_err(|error| {
            let address = url.origin().ascii_serialization();
            self.trouble(&error, format_args!("The engine cannot be reached at {address}"))
        })?;
        let status = response.status();
        if status.is_success() {
            Ok(response)
        } else {
            Err(Trouble {
                words: format!("The engine answered GET {} with {status}.", url.path()),
                timed_out: false,
            })
        }
    }

    /// The answer's JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Trouble> {
        let answer = self.get(url).await?.json().await;
        answer.map_err(|error| self.misunderstood(&error, url))
    }

    /// The answer's text.
    pub(super) async fn text(&self, url: &Url) -> Result<String, Trouble> {
        let answer = self.get(url).await?.text().await;
        answer.map_err(|error| self.misunderstood(&error, url))
    }

    fn misunderstood(&self, error: &reqwest::Error, url: &Url) -> Trouble {
        let path = url.path();
        self.trouble(
            error,
            format_args!("The engine's answer to GET {path} is not understood"),
        )
    }

    fn trouble(&self, error: &reqwest::Error, what: fmt::Arguments<'_>) -> Trouble {
        let timed_out = error.is_timeout();
        let words = if timed_out {
            format!("The engine did not answer within {:?}.", self.timeout)
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
