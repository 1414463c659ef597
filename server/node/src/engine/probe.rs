//! One check of the engine.

use std::{error::Error, fmt, time::Duration};

use reqwest::{Client, Response, Url, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};

/// uvicorn, which vLLM runs on, closes a connection after 5 s of silence; one is never reused that late.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Asks one engine.
pub(super) struct Probe {
    client: Client,
    health: Url,
    models: Url,
    version: Url,
    timeout: Duration,
}

/// What came of a check.
pub(super) enum Answer {
    /// It answers and says what it serves.
    Serving(Engine),
    /// It cannot be reached or answers wrongly; why, in words.
    Failed(String),
    /// It took too long; said in words.
    TimedOut(String),
}

/// What an engine says of itself.
pub(super) struct Engine {
    pub(super) model: String,
    pub(super) max_model_len: Option<u64>,
    /// Empty if it does not tell.
    pub(super) version: String,
}

/// The body of `GET /v1/models`, as far as it matters here.
#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    #[serde(default)]
    max_model_len: Option<u64>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Probe {
    pub(super) fn new(base: &Url, timeout: Duration) -> reqwest::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .pool_idle_timeout(POOL_IDLE)
            .timeout(timeout)
            .build()?;
        Ok(Self {
            client,
            health: join(base, &["health"]),
            models: join(base, &["v1", "models"]),
            version: join(base, &["version"]),
            timeout,
        })
    }

    pub(super) async fn ask(&self) -> Answer {
        let (health, models, version) = tokio::join!(
            self.get(&self.health),
            self.json::<Models>(&self.models),
            self.json::<Version>(&self.version),
        );
        let models = match health.and(models) {
            Ok(models) => models,
            Err(trouble) => return trouble,
        };
        let Some(model) = models.data.into_iter().next() else {
            return Answer::Failed("The engine serves no model: the list of GET /v1/models is empty.".to_owned());
        };
        Answer::Serving(Engine {
            model: model.id,
            max_model_len: model.max_model_len,
            version: version.map_or_else(|_| String::new(), |answer| answer.version),
        })
    }

    async fn get(&self, url: &Url) -> Result<Response, Answer> {
        let response = self.client.get(url.clone()).send().await.map_err(|error| {
            let address = url.origin().ascii_serialization();
            self.trouble(&error, format_args!("The engine cannot be reached at {address}"))
        })?;
        let status = response.status();
        if status.is_success() {
            Ok(response)
        } else {
            Err(Answer::Failed(format!(
                "The engine answered GET {} with {status}.",
                url.path()
            )))
        }
    }

    async fn json<T: DeserializeOwned>(&self, url: &Url) -> Result<T, Answer> {
        self.get(url).await?.json().await.map_err(|error| {
            let path = url.path();
            self.trouble(
                &error,
                format_args!("The engine's answer to GET {path} is not understood"),
            )
        })
    }

    fn trouble(&self, error: &reqwest::Error, what: fmt::Arguments<'_>) -> Answer {
        if error.is_timeout() {
            Answer::TimedOut(format!("The engine did not answer within {:?}.", self.timeout))
        } else {
            Answer::Failed(format!("{what}: {}.", root_cause(error)))
        }
    }
}

/// `base` with path segments added; a path that it already has is kept.
fn join(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// The innermost error: `Connection refused` rather than `error sending request`.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
