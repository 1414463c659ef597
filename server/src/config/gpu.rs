//! The GPUs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// `[gpu]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gpu {
    /// NVIDIA's management library; without it, the one that the driver installed.
    pub nvml_library: Option<PathBuf>,
}
