//! One check of the engine.

use reqwest::Url;
use serde::Deserialize;

use super::{EngineConfig, NAME};
use crate::http::{Neighbour, join};

/// Asks one engine.
pub(crate) struct Probe {
    client: Neighbour,
    health: Url,
    models: Url,
    version: Url,
}

/// What came of a check.
pub(crate) enum Answer {
    /// It answers and says what it serves.
    Serving(Engine),
    /// It cannot be reached or answers wrongly; why, in words.
    Failed(String),
    /// It took too long; said in words.
    TimedOut(String),
}

/// What an engine says of itself.
pub(crate) struct Engine {
    pub(crate) model: String,
    pub(crate) max_model_len: Option<u64>,
    /// Empty if it does not tell.
    pub(crate) version: String,
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
    pub(crate) fn new(config: &EngineConfig) -> reqwest::Result<Self> {
        Self::with_health(config, "/health")
    }

    /// Asks another path than `/health` whether the engine is ready.
    pub(crate) fn with_health(config: &EngineConfig, path: &str) -> reqwest::Result<Self> {
        let base = &config.url;
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        Ok(Self {
            client: Neighbour::new(NAME, config.timeout)?.with_api_key(config.api_key.clone()),
            health: join(base, &segments),
            models: join(base, &["v1", "models"]),
            version: join(base, &["version"]),
        })
    }

    pub(crate) async fn ask(&self) -> Answer {
        let (health, models, version) = tokio::join!(
            self.client.get(&self.health),
            self.client.json::<Models>(&self.models),
            self.client.json::<Version>(&self.version),
        );
        let models = match health.and(models) {
            Ok(models) => models,
            Err(trouble) if trouble.timed_out => return Answer::TimedOut(trouble.words),
            Err(trouble) => return Answer::Failed(trouble.words),
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
}
