//! What all requests share, and what others tell the data path while it runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use worv_core::{Clock, Entropy, UnixMillis, id::RequestId, key::KeyId, usage::UsageSink};

use crate::{
    config::GatewayConfig,
    counters::{CounterSnapshot, Counters},
    engine::Engine,
    keys::{KeyTable, Keys},
    models::ModelNames,
};

/// The data path's shared state. One for the whole process.
pub struct Gateway {
    pub(crate) config: GatewayConfig,
    pub(crate) usage: Arc<dyn UsageSink>,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) counters: Arc<Counters>,
    pub(crate) keys: Keys,
    pub(crate) engine: Engine,
    pub(crate) names: ModelNames,
    pub(crate) engine_state: ArcSwap<EngineSnapshot>,
}

/// What the engine said about itself when it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSnapshot {
    /// The model it serves, by its own name; none while it does not answer.
    pub model: Option<String>,
    /// Its context window in tokens; none while unknown.
    pub max_model_len: Option<u64>,
}

/// Why a gateway cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The engine's address is not `http://HOST:PORT`.
    #[error("the engine's URL {url:?} is not of the form http://HOST:PORT")]
    EngineUrl {
        /// The address as it was given.
        url: String,
    },
    /// The engine's key cannot be sent in a header.
    #[error("the engine's API key has characters that a header cannot carry")]
    EngineApiKey,
    /// The HTTP client cannot be built.
    #[error("the client for the engine cannot be built")]
    Client(#[from] reqwest::Error),
}

impl Gateway {
    /// A gateway without keys: until the first [`Gateway::replace_keys`] every request is answered with 503.
    pub fn new(
        config: GatewayConfig,
        usage: Arc<dyn UsageSink>,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Arc<Self>, GatewayError> {
        Ok(Arc::new(Self {
            engine: Engine::new(&config)?,
            names: ModelNames::new(config.profiles.iter().map(String::as_str), &config.aliases),
            config,
            usage,
            clock,
            entropy,
            counters: Arc::default(),
            keys: Keys::new(),
            engine_state: ArcSwap::default(),
        }))
    }

    /// Puts a new table of keys in force. Requests that have been admitted go on.
    pub fn replace_keys(&self, keys: KeyTable) {
        self.keys.replace(keys);
    }

    /// Tells whether the table of keys follows the database. While it does not, a key that is missing in it
    /// is answered with 503 instead of 401: it may be valid.
    pub fn set_keys_current(&self, current: bool) {
        self.keys.set_complete(current);
    }

    /// Tells what the engine serves now.
    pub fn replace_engine(&self, engine: EngineSnapshot) {
        self.engine_state.store(Arc::new(engine));
    }

    /// The running totals.
    pub fn counters(&self) -> CounterSnapshot {
        self.counters.snapshot()
    }

    /// When each key was last used, for the keys used since the last call.
    pub fn drain_last_used(&self) -> Vec<(KeyId, UnixMillis)> {
        self.keys.drain_last_used()
    }

    /// The window in force, prompt and answer together.
    pub(crate) fn window(&self) -> u64 {
        let engine = self.engine_state.load().max_model_len;
        engine.unwrap_or(u64::MAX).min(self.config.max_context_tokens)
    }

    pub(crate) fn new_request_id(&self) -> RequestId {
        RequestId::new(&self.clock, &self.entropy)
    }
}
