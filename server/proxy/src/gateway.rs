//! What all requests share, and what others tell the data path while it runs.

use std::{collections::HashMap, sync::Arc};

use worv_core::{Clock, Entropy, id::RequestId, key::KeyId, usage::UsageSink};

use crate::{
    account::{KeyDemand, KeyShare, SpentElsewhere},
    audio_support::ProbedAudio,
    config::{GatewayConfig, ModelProfile},
    counters::{CounterSnapshot, Counters},
    engine::Engine,
    fields::Fields,
    keys::{KeyTable, Keys},
    live::{EngineSnapshot, Live, LiveModel},
    messages_support::{MessagesSupport, ProbedSupport},
    piece_rate::PieceRate,
    prompt_count::PromptCounter,
    queue::{Intake, Queue, QueueLimits},
    routes::is_extra_route,
    trace::Trace,
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
    pub(crate) queue: Arc<Queue>,
    pub(crate) prompt_counter: PromptCounter,
    pub(crate) piece_rate: Arc<PieceRate>,
    live: LiveModel,
    messages: ProbedSupport,
    audio: ProbedAudio,
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
    /// A further route is none that can be added.
    #[error("the route {path:?} cannot be added: give a plain path under /v1/ that is not served yet")]
    ExtraRoute {
        /// The path as it was given.
        path: String,
    },
    /// The engine's key cannot be sent in a header.
    #[error("the engine's API key has characters that a header cannot carry")]
    EngineApiKey,
}

impl Gateway {
    /// A gateway without keys: until the first [`Gateway::replace_keys`] every request is answered with 503.
    pub fn new(
        config: GatewayConfig,
        usage: Arc<dyn UsageSink>,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Arc<Self>, GatewayError> {
        let engine = Engine::new(&config)?;
        if let Some(path) = config.extra_routes.iter().find(|path| !is_extra_route(path)) {
            return Err(GatewayError::ExtraRoute { path: path.clone() });
        }
        Ok(Arc::new(Self {
            prompt_counter: PromptCounter::new(&engine),
            piece_rate: Arc::default(),
            messages: ProbedSupport::default(),
            audio: ProbedAudio::default(),
            live: LiveModel::new(&config),
            queue: Queue::new(QueueLimits {
                concurrency: config.concurrency,
                length: config.queue_length,
                bytes: config.queue_bytes,
                patience: config.queue_timeout,
            }),
            engine,
            config,
            usage,
            clock,
            entropy,
            counters: Arc::default(),
            keys: Keys::new(),
        }))
    }

    /// Puts a new table of keys in force. Requests that have been admitted go on.
    pub fn replace_keys(&self, keys: KeyTable) {
        self.keys.replace(keys, self.clock.now());
    }

    /// Tells whether the table of keys follows the database. While it does not, a key that is missing in it
    /// is answered with 503 instead of 401: it may be valid.
    pub fn set_keys_current(&self, current: bool) {
        self.keys.set_complete(current);
    }

    /// Tells what the engine serves now.
    pub fn replace_engine(&self, engine: EngineSnapshot) {
        self.live.replace_engine(engine, &self.config);
    }

    /// Puts other profiles in force: their names and aliases, and the live model's window, limits, thinking and abilities.
    /// Requests that have been admitted keep to what held before.
    pub fn replace_profiles(&self, profiles: Vec<ModelProfile>) {
        self.live.replace_profiles(profiles, &self.config);
    }

    /// Lets new requests through to the engine, or has them wait. One that has waited for
    /// [`GatewayConfig::queue_timeout`] is answered with 503 and, in `Retry-After`, what is left of the expected time.
    pub fn set_intake(&self, intake: Intake) {
        self.queue.set_intake(intake);
    }

    /// Resolves when no admitted request is under way. New ones can begin unless the intake is held.
    pub async fn drained(&self) {
        self.queue.drained().await;
    }

    /// Tells what keys have spent of their budgets elsewhere: before this gateway started, and through others beside it.
    /// A key that is not named has spent nothing there. What was spent through this gateway is known to it, written or not.
    pub fn replace_spent(&self, spent: &HashMap<KeyId, SpentElsewhere>) {
        let now = self.clock.now();
        let mut accounts = self.keys.accounts();
        for key in spent.keys() {
            accounts.of(*key, now);
        }
        for (key, account) in accounts.all() {
            let nothing = SpentElsewhere {
                as_of: now,
                ..SpentElsewhere::default()
            };
            account.set_elsewhere(spent.get(&key).copied().unwrap_or(nothing), now);
        }
    }

    /// Tells what of each key's limits is this gateway's to give, where several share the keys. Of a key that is not named,
    /// and of those to come, it is the part `of_others`.
    pub fn replace_shares(&self, shares: &HashMap<KeyId, KeyShare>, of_others: f64) {
        let now = self.clock.now();
        let mut accounts = self.keys.accounts();
        accounts.of_new = KeyShare::part(of_others);
        for key in shares.keys() {
            accounts.of(*key, now);
        }
        for (key, account) in accounts.all() {
            account.set_share(shares.get(&key).copied().unwrap_or(accounts.of_new), now);
        }
    }

    /// What each key has asked for in the last minute, and spent of its budgets, for shares to follow. Keys that did neither
    /// are left out.
    pub fn demand(&self) -> Vec<KeyDemand> {
        let now = self.clock.now();
        let accounts = self.keys.accounts();
        let demand = accounts.all().map(|(key, account)| account.demand(key, now));
        demand
            .filter(|demand| demand.requests > 0 || demand.under_way > 0 || demand.month.spent > 0)
            .collect()
    }

    /// Asks the engine what it can do, at no cost to it, unless the live model's profile says so. To be called when an
    /// engine has come up; until its answer, and if there is none, what was known before holds.
    pub async fn probe_engine(&self) {
        let live = self.live();
        let Some(profile) = &live.profile else { return };
        let messages = async {
            if profile.messages.is_none() {
                self.messages.probe(&self.engine, &profile.name).await;
            }
        };
        let audio = async {
            if profile.audio.is_none() {
                self.audio.probe(&self.engine).await;
            }
        };
        tokio::join!(messages, audio);
    }

    /// The running totals.
    pub fn counters(&self) -> CounterSnapshot {
        self.counters.snapshot(self.queue.waiting())
    }

    /// What serves now.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.get()
    }

    /// What the engine makes of `/v1/messages`.
    pub(crate) fn messages_support(&self, live: &Live) -> MessagesSupport {
        let by_profile = live.profile.as_ref().and_then(|profile| profile.messages);
        by_profile.unwrap_or_else(|| self.messages.get())
    }

    /// Whether the engine may take sound.
    pub(crate) fn takes_audio(&self, live: &Live) -> bool {
        let by_profile = live.profile.as_ref().and_then(|profile| profile.audio);
        by_profile.unwrap_or_else(|| self.audio.get())
    }

    /// A trace for a request with these headers, if it is to be traced.
    pub(crate) fn begin_trace(&self, headers: &Fields) -> Option<Box<Trace>> {
        self.config.tracing.as_ref()?.begin(headers, &self.entropy)
    }

    pub(crate) fn new_request_id(&self) -> RequestId {
        RequestId::new(&self.clock, &self.entropy)
    }
}
