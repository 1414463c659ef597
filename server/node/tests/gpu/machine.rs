//! A machine of simulated GPUs under watch.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::{Gpu, GpuReport};
use worv_core::{Clock, UnixMillis};
use worv_node::gpu::{self, GpuConfig};
use worv_nvml_sim::script::{GpuScript, Script};
use worv_sim::gpus::{DemoGpus, built_library};

/// What the clock of every machine starts at.
pub(crate) const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

/// A machine with eight simulated GPUs, watched every 50 ms.
pub(crate) struct Machine {
    pub(crate) gpus: DemoGpus,
    pub(crate) clock: Clock,
    pub(crate) reports: watch::Receiver<Arc<GpuReport>>,
    pub(crate) cancel: CancellationToken,
    // Dropped last: the library's files are in it.
    _dir: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn start() -> Self {
        Self::scripted(&Script::default())
    }

    pub(crate) fn scripted(script: &Script) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let gpus = DemoGpus::install(&built_library().unwrap(), dir.path()).unwrap();
        script.write(gpus.library()).unwrap();
        let clock = Clock::manual(NOW);
        let cancel = CancellationToken::new();
        let reports = gpu::watch(config(Some(gpus.library())), clock.clone(), cancel.clone());
        Self {
            gpus,
            clock,
            reports,
            cancel,
            _dir: dir,
        }
    }

    pub(crate) fn script(&self, script: &Script) {
        script.write(self.gpus.library()).unwrap();
    }

    pub(crate) fn script_gpu(&self, index: u32, gpu: GpuScript) {
        self.script(&Script::default().with_gpu(index, gpu));
    }

    pub(crate) async fn until(&mut self, wanted: impl Fn(&GpuReport) -> bool) -> Arc<GpuReport> {
        let seen = self.reports.wait_for(|report| wanted(report)).await;
        Arc::clone(&seen.expect("the watch goes on"))
    }

    pub(crate) async fn until_fault(&mut self, index: usize, words: &str) -> Arc<GpuReport> {
        self.until(|report| fault(report, index) == words).await
    }

    pub(crate) async fn until_all_answer(&mut self) -> Arc<GpuReport> {
        self.until(|report| report.gpus.len() == 8 && report.gpus.iter().all(healthy))
            .await
    }
}

pub(crate) fn config(library: Option<&Path>) -> GpuConfig {
    GpuConfig {
        library: library.map(PathBuf::from),
        interval: Duration::from_millis(50),
    }
}

pub(crate) fn healthy(gpu: &Gpu) -> bool {
    gpu.fault.is_none() && gpu.sampled_at > 0
}

pub(crate) fn fault(report: &GpuReport, index: usize) -> &str {
    let gpu = report.gpus.get(index);
    gpu.and_then(|gpu| gpu.fault.as_deref()).unwrap_or_default()
}
