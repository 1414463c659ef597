//! The GPUs of this machine, through NVIDIA's management library (NVML).
//!
//! A call into the driver can hang for as long as a broken GPU likes. So the library is loaded at run time on a thread
//! of its own, and each GPU is read on a thread of its own: the one that hangs keeps its last figures and a fault in
//! words, the others go on, and no executor thread ever waits for a driver.

use std::{mem, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use worv_api::{Gpu, GpuFigures, GpuPoint, GpuReport, GpuSource};
use worv_core::Clock;

use self::{library::Library, panel::Panel};
use crate::history::{self, History};

pub mod exporter;
pub mod minutes;

mod fault;
mod library;
mod panel;
mod reader;
mod xid;

/// How many intervals pass between two attempts to load the library: when there is none, when it does not start, and
/// when it fails for every GPU at once, as it does after the driver under it was exchanged.
const RELOAD_INTERVALS: u32 = 10;

/// How the GPUs are watched.
#[derive(Clone, Debug)]
pub struct GpuConfig {
    /// The management library to load; none for the system's own `libnvidia-ml.so.1`.
    pub library: Option<PathBuf>,
    /// The time from one sample to the next; not zero.
    pub interval: Duration,
}

/// Watches the GPUs until `cancel`, and publishes a report each interval. Must be called inside a Tokio runtime.
pub fn watch(config: GpuConfig, clock: Clock, cancel: CancellationToken) -> watch::Receiver<Arc<GpuReport>> {
    let (reports, receiver) = watch::channel(Arc::new(GpuReport::starting()));
    let watcher = Watcher { config, clock, reports };
    tokio::spawn(async move { cancel.run_until_cancelled(watcher.run()).await });
    receiver
}

/// Keeps the last 15 minutes of what [`watch()`] publishes. Must be called inside a Tokio runtime.
pub fn record(reports: watch::Receiver<Arc<GpuReport>>, cancel: CancellationToken) -> History<GpuPoint> {
    history::follow(reports, cancel, |report: &GpuReport| (report.sampled_at, point(report)))
}

/// What is kept of a report: the GPUs that were read for it, and none that only show their last figures.
fn point(report: &GpuReport) -> GpuPoint {
    let read = report.gpus.iter().filter(|gpu| gpu.sampled_at >= report.sampled_at);
    let figures = read.map(|gpu| GpuFigures {
        index: gpu.index,
        memory_used: gpu.memory_used,
        utilization_percent: gpu.utilization_percent,
        temperature_celsius: gpu.temperature_celsius,
        power_watts: gpu.power_watts,
    });
    GpuPoint {
        at: report.sampled_at,
        gpus: figures.collect(),
    }
}

struct Watcher {
    config: GpuConfig,
    clock: Clock,
    reports: watch::Sender<Arc<GpuReport>>,
}

impl Watcher {
    async fn run(self) {
        loop {
            match self.load().await {
                Ok(library) => self.sample(library).await,
                Err(source) => {
                    self.publish_source(source);
                    sleep(self.reload_time()).await;
                }
            }
        }
    }

    /// Loads the library, and says so if that hangs.
    async fn load(&self) -> Result<Library, GpuSource> {
        let begun = Instant::now();
        let mut loading = library::load(self.config.library.clone());
        loop {
            match timeout(self.config.interval, &mut loading).await {
                Ok(Ok(loaded)) => return loaded,
                Ok(Err(_)) => {
                    let reason = "The thread that loads NVIDIA's management library has failed.".to_owned();
                    return Err(GpuSource::Failing { reason });
                }
                Err(_) => self.publish_source(GpuSource::Failing {
                    reason: format!(
                        "The NVIDIA driver does not start: {}",
                        fault::unanswered(begun.elapsed())
                    ),
                }),
            }
        }
    }

    /// Publishes a report each interval, until the library has to be loaded anew.
    async fn sample(&self, library: Library) {
        let source = GpuSource::Nvml {
            driver_version: library.driver_version.clone(),
        };
        let mut panel = Panel::new(&library, &self.clock, &self.reports.borrow().gpus);
        drop(library);
        // What has not arrived by then is published as missing; so a hang shows within two intervals.
        let patience = self.config.interval * 3 / 4;
        let mut all_failing_since: Option<Instant> = None;
        let mut ticks = interval(self.config.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let asked_at = self.clock.now().0;
            let gpus = panel.read(patience).await;
            if gpus.iter().all(|gpu| gpu.fault.is_some()) {
                all_failing_since.get_or_insert_with(Instant::now);
            } else {
                all_failing_since = None;
            }
            self.publish(source.clone(), asked_at, gpus);
            // A call that hangs holds the library: there is no use in loading it once more beside it.
            if !panel.is_waiting() && all_failing_since.is_some_and(|since| since.elapsed() >= self.reload_time()) {
                break;
            }
        }
        // The library initialises itself afresh only after everyone has let go of it.
        if timeout(self.reload_time(), panel.close()).await.is_err() {
            tracing::warn!("NVIDIA's management library does not shut down");
        }
    }

    /// Says where figures come from, or why there are none. What was read before stays, with its own time.
    fn publish_source(&self, source: GpuSource) {
        let report = GpuReport::clone(&self.reports.borrow());
        self.publish(source, report.sampled_at, report.gpus);
    }

    fn publish(&self, source: GpuSource, sampled_at: i64, gpus: Vec<Gpu>) {
        let next = GpuReport {
            source,
            sampled_at,
            gpus,
        };
        self.reports.send_if_modified(|current| {
            // The words may change each second, as while a call hangs; the log hears of it once.
            if mem::discriminant(&current.source) != mem::discriminant(&next.source) {
                tracing::info!(source = ?next.source, gpus = next.gpus.len(), "GPU telemetry");
            }
            for gpu in &next.gpus {
                let before = current.gpus.get(gpu.index as usize).and_then(|gpu| gpu.fault.as_ref());
                if let (Some(fault), None) = (&gpu.fault, before) {
                    tracing::warn!(gpu = gpu.index, fault, "GPU fault");
                }
            }
            let changed = next != **current;
            *current = Arc::new(next);
            changed
        });
    }

    fn reload_time(&self) -> Duration {
        self.config.interval * RELOAD_INTERVALS
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_was_not_read_is_a_gap_in_the_history() {
        let gpu = |index, sampled_at| Gpu {
            index,
            sampled_at,
            memory_used: 5,
            ..Gpu::default()
        };
        let report = GpuReport {
            source: GpuSource::Starting,
            sampled_at: 1_000,
            gpus: vec![gpu(0, 1_003), gpu(1, 400), gpu(2, 0)],
        };
        let figures = GpuFigures {
            memory_used: 5,
            ..GpuFigures::default()
        };
        let expected = GpuPoint {
            at: 1_000,
            gpus: vec![figures],
        };
        assert_eq!(point(&report), expected);
    }
}
