//! The machine as the server holds it: its GPUs with their last minutes, and the profiles that it can run.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{GpuPoint, GpuReport};
use worv_node::{gpu, history::History};

use crate::config;

/// The machine.
pub struct Node {
    /// The latest reading of the GPUs.
    gpus: watch::Receiver<Arc<GpuReport>>,
    /// The last 15 minutes of them.
    gpu_history: History<GpuPoint>,
    /// The profiles of the configuration.
    profiles: Vec<config::Profile>,
}

impl Node {
    /// The machine with these GPUs and profiles; keeps the last minutes until `stopping`.
    pub fn new(
        gpus: watch::Receiver<Arc<GpuReport>>,
        profiles: Vec<config::Profile>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            gpu_history: gpu::record(gpus.clone(), stopping),
            gpus,
            profiles,
        }
    }

    /// The latest reading of the GPUs.
    pub fn gpu_report(&self) -> GpuReport {
        GpuReport::clone(&self.gpus.borrow())
    }

    /// The last 15 minutes of the GPUs.
    pub fn gpu_history(&self) -> Vec<GpuPoint> {
        self.gpu_history.points()
    }

    /// The profiles of the configuration.
    pub fn profiles(&self) -> &[config::Profile] {
        &self.profiles
    }
}
