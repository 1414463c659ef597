//! What serves now, with everything that follows from it: replaced as a whole, so that no request sees half of a change.

use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::{
    config::{GatewayConfig, ModelProfile},
    models::ModelNames,
    output_budget::Limits,
};

/// What the engine said about itself when it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSnapshot {
    /// The model it serves, by its own name; none while it does not answer.
    pub model: Option<String>,
    /// Its context window in tokens; none while unknown.
    pub max_model_len: Option<u64>,
}

/// The live model and the names that lead to it.
#[derive(Debug)]
pub(crate) struct Live {
    /// What serves now; none while unknown.
    pub(crate) profile: Option<ModelProfile>,
    pub(crate) names: ModelNames,
    /// The limits on prompts and answers.
    pub(crate) limits: Limits,
}

/// The live model as requests read it, and what it is made from.
#[derive(Debug)]
pub(crate) struct LiveModel {
    current: ArcSwap<Live>,
    /// Held by those who replace a part of it, never by requests.
    parts: Mutex<Parts>,
}

#[derive(Debug)]
struct Parts {
    engine: EngineSnapshot,
    profiles: Vec<ModelProfile>,
}

impl LiveModel {
    pub(crate) fn new(config: &GatewayConfig) -> Self {
        let parts = Parts {
            engine: EngineSnapshot::default(),
            profiles: config.profiles.clone(),
        };
        Self {
            current: ArcSwap::from_pointee(parts.put_together(config)),
            parts: Mutex::new(parts),
        }
    }

    /// What serves now. A request takes it once, and keeps to it.
    pub(crate) fn get(&self) -> std::sync::Arc<Live> {
        self.current.load_full()
    }

    pub(crate) fn replace_engine(&self, engine: EngineSnapshot, config: &GatewayConfig) {
        self.change(config, |parts| parts.engine = engine);
    }

    pub(crate) fn replace_profiles(&self, profiles: Vec<ModelProfile>, config: &GatewayConfig) {
        self.change(config, |parts| parts.profiles = profiles);
    }

    fn change(&self, config: &GatewayConfig, change: impl FnOnce(&mut Parts)) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut parts);
        self.current.store(parts.put_together(config).into());
    }
}

impl Parts {
    fn put_together(&self, config: &GatewayConfig) -> Live {
        let profile = self.engine.model.as_ref().map(|model| {
            let known = self
                .profiles
                .iter()
                .find(|profile| profile.name.eq_ignore_ascii_case(model));
            ModelProfile {
                name: model.clone(),
                ..known.cloned().unwrap_or_else(|| ModelProfile::of_model(model))
            }
        });
        let of_profile = |figure: fn(&ModelProfile) -> Option<u64>| profile.as_ref().and_then(figure);
        let window = of_profile(|profile| profile.max_context_tokens).unwrap_or(config.max_context_tokens);
        let aliases = self.profiles.iter().flat_map(|profile| &profile.aliases);
        Live {
            names: ModelNames::new(
                self.profiles.iter().map(|profile| &*profile.name),
                config.aliases.iter().chain(aliases),
            ),
            limits: Limits {
                window: self.engine.max_model_len.unwrap_or(u64::MAX).min(window),
                reserved: config.reserved_tokens,
                max_output: of_profile(|profile| profile.max_output_tokens).unwrap_or(config.max_output_tokens),
            },
            profile,
        }
    }
}

impl Live {
    /// The live model's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.profile.as_ref().map(|profile| &*profile.name)
    }
}
