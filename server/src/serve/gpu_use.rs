//! Sums up what the GPUs take, so that it can be told whose it was.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};
use worv_api::GpuReport;

use super::background::Background;

/// How often the sums are written.
const WRITE_EVERY: Duration = Duration::from_mins(1);

/// A longer pause between two readings, as of a machine that slept, is not known to be use.
const LONGEST_GAP: Duration = Duration::from_secs(5);

impl Background {
    /// Sums until the gateway stops. What was not written by then is lost: a minute at most.
    pub(super) async fn measure_gpus(self, mut gpus: watch::Receiver<Arc<GpuReport>>) {
        let follow = async {
            let (mut gpu_millis, mut millijoules) = (0, 0);
            let (mut last, mut written) = (Instant::now(), Instant::now());
            while gpus.changed().await.is_ok() {
                let passed = last.elapsed().min(LONGEST_GAP);
                last = Instant::now();
                let report = Arc::clone(&gpus.borrow_and_update());
                for gpu in report.gpus.iter().filter(|gpu| gpu.fault.is_none()) {
                    gpu_millis += u64::try_from(passed.as_millis()).unwrap_or(0);
                    millijoules += thousandths(gpu.power_watts.unwrap_or(0.0) * passed.as_secs_f64());
                }
                if gpu_millis == 0 || written.elapsed() < WRITE_EVERY {
                    continue;
                }
                written = Instant::now();
                match self.store.add_gpu_use(self.clock.now(), gpu_millis, millijoules).await {
                    Ok(()) => (gpu_millis, millijoules) = (0, 0),
                    Err(error) => {
                        tracing::warn!(%error, "cannot note what the GPUs took; it is added to the next minute");
                    }
                }
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a figure from 0 up, far below 2^53"
)]
fn thousandths(figure: f64) -> u64 {
    (figure.max(0.0) * 1_000.0).round() as u64
}
