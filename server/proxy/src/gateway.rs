//! What all requests share, and what others tell the data path while it runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use worv_core::{Clock, Entropy, id::RequestId, usage::UsageSink};

use crate::{
    config::{GatewayConfig, ModelProfile},
    counters::{CounterSnapshot, Counters},
    engine::Engine,
    keys::{KeyTable, Keys},
    messages_support::{MessagesSupport, ProbedSupport},
    models::ModelNames,
    output_budget::Limits,
    piece_rate::PieceRate,
    prompt_count::PromptCounter,
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
    pub(crate) prompt_counter: PromptCounter,
    pub(crate) piece_rate: Arc<PieceRate>,
    pub(crate) live: ArcSwap<Live>,
    messages: ProbedSupport,
}

/// What the engine said about itself when it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSnapshot {
    /// The model it serves, by its own name; none while it does not answer.
    pub model: Option<String>,
    /// Its context window in tokens; none while unknown.
    pub max_model_len: Option<u64>,
}

/// The engine's snapshot with what follows from it.
pub(crate) struct Live {
    /// What serves now; none while unknown.
    pub(crate) profile: Option<ModelProfile>,
    /// Prompt and answer together, in tokens.
    pub(crate) window: u64,
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
}

impl Live {
    /// The live model's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.profile.as_ref().map(|profile| &*profile.name)
    }
}

impl Gateway {
    /// A gateway without keys: until the first [`Gateway::replace_keys`] every request is answered with 503.
    pub fn new(
        config: GatewayConfig,
        usage: Arc<dyn UsageSink>,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Arc<Self>, GatewayError> {
        let (engine, window) = (Engine::new(&config)?, config.max_context_tokens);
        Ok(Arc::new(Self {
            prompt_counter: PromptCounter::new(&engine),
            piece_rate: Arc::default(),
            messages: ProbedSupport::default(),
            engine,
            names: ModelNames::new(config.profiles.iter().map(|profile| &*profile.name), &config.aliases),
            config,
            usage,
            clock,
            entropy,
            counters: Arc::default(),
            keys: Keys::new(),
            live: ArcSwap::from_pointee(Live { profile: None, window }),
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
        let profile = engine.model.map(|model| {
            let named = |profile: &&ModelProfile| profile.name.eq_ignore_ascii_case(&model);
            let known = self.config.profiles.iter().find(named).cloned();
            ModelProfile {
                name: model.clone(),
                ..known.unwrap_or_else(|| ModelProfile::of_model(&model))
            }
        });
        let window = engine
            .max_model_len
            .unwrap_or(u64::MAX)
            .min(self.config.max_context_tokens);
        self.live.store(Arc::new(Live { profile, window }));
    }

    /// Asks the engine what it can do, at no cost to it, unless the live model's profile says so. To be called when an
    /// engine has come up; until its answer, and if there is none, what was known before holds.
    pub async fn probe_engine(&self) {
        let live = self.live.load_full();
        if let Some(profile) = live.profile.as_ref().filter(|profile| profile.messages.is_none()) {
            self.messages.probe(&self.engine, &profile.name).await;
        }
    }

    /// What the engine makes of `/v1/messages`.
    pub(crate) fn messages_support(&self, live: &Live) -> MessagesSupport {
        let by_profile = live.profile.as_ref().and_then(|profile| profile.messages);
        by_profile.unwrap_or_else(|| self.messages.get())
    }

    /// The running totals.
    pub fn counters(&self) -> CounterSnapshot {
        self.counters.snapshot()
    }

    /// The limits on prompts and answers for what is live.
    pub(crate) fn limits(&self, live: &Live) -> Limits {
        let of_profile = live.profile.as_ref().and_then(|profile| profile.max_output_tokens);
        Limits {
            window: live.window,
            reserved: self.config.reserved_tokens,
            max_output: of_profile.unwrap_or(self.config.max_output_tokens),
        }
    }

    pub(crate) fn new_request_id(&self) -> RequestId {
        RequestId::new(&self.clock, &self.entropy)
    }
}
