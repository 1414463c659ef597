//! What a simulated vLLM is started with.

use std::{fmt, str::FromStr};

use thiserror::Error;
use worv_core::{Clock, Entropy};

use super::Knobs;

/// What a simulated vLLM is started with; the rest of its behaviour is in [`Knobs`] and can change while it runs.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// The one served model name (`--served-model-name`), the one every answer carries.
    pub model: String,
    /// The window in tokens, prompt and answer together (`--max-model-len`).
    pub max_model_len: u64,
    /// Whose wire format it speaks.
    pub version: Version,
    /// Whether the model takes sound: only then there are the routes for it.
    pub audio: bool,
    /// Requests generated at a time over all data-parallel ranks; more wait their turn.
    pub max_running: usize,
    /// Data-parallel ranks, each an `engine` label in the metrics.
    pub data_parallel_size: u8,
    /// Mixed into the choice of texts, so that two simulated engines can answer differently.
    pub seed: u64,
    /// How many received requests [`super::Sim::requests`] remembers.
    pub keep_requests: usize,
    /// Pace and faults at the start.
    pub knobs: Knobs,
    /// What `created` is read from.
    pub clock: Clock,
    /// What ids and signatures are made from.
    pub entropy: Entropy,
}

/// A vLLM release whose wire format is known. They differ in what they accept and in how they answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 0.19.1.
    V0_19_1,
    /// 0.20.0.
    V0_20_0,
    /// 0.21.0.
    V0_21_0,
    /// 0.22.1.
    V0_22_1,
    /// 0.24.0.
    V0_24_0,
    /// 0.32.0, the one whose recordings the tests compare with.
    #[default]
    V0_32_0,
    /// 0.33.0.
    V0_33_0,
}

/// A version that the simulator does not know.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown vLLM version {0:?}; known are {known}", known = Version::ALL.map(Version::as_str).join(", "))]
pub struct UnknownVersion(String);

impl Default for SimOptions {
    /// The demo: a fast engine as a person sees it, see [`Knobs::default`].
    fn default() -> Self {
        Self {
            model: "DeepSeek-V4-Pro".to_owned(),
            max_model_len: 262_144,
            version: Version::default(),
            audio: false,
            max_running: 256,
            data_parallel_size: 8,
            seed: 0,
            keep_requests: 0,
            knobs: Knobs::default(),
            clock: Clock::System,
            entropy: Entropy::System,
        }
    }
}

impl SimOptions {
    /// For tests: no waiting, repeatable ids, and the last 256 requests remembered.
    pub fn instant() -> Self {
        Self {
            keep_requests: 256,
            knobs: Knobs::instant(),
            entropy: Entropy::counted(0),
            ..Self::default()
        }
    }
}

impl Version {
    /// Every known version, oldest first.
    pub const ALL: [Self; 7] = [
        Self::V0_19_1,
        Self::V0_20_0,
        Self::V0_21_0,
        Self::V0_22_1,
        Self::V0_24_0,
        Self::V0_32_0,
        Self::V0_33_0,
    ];

    /// The version as `GET /version` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_19_1 => "0.19.1",
            Self::V0_20_0 => "0.20.0",
            Self::V0_21_0 => "0.21.0",
            Self::V0_22_1 => "0.22.1",
            Self::V0_24_0 => "0.24.0",
            Self::V0_32_0 => "0.32.0",
            Self::V0_33_0 => "0.33.0",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut known = Self::ALL.into_iter();
        known
            .find(|version| version.as_str() == text)
            .ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}
