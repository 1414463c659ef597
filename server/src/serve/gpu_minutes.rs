//! Keeping what the GPUs did in each minute, for 30 days.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use worv_api::GpuReport;
use worv_node::gpu::minutes::MinuteMeter;
use worv_store::{GpuMinute, Store};

/// How many minutes are kept.
const KEPT: i64 = 30 * 24 * 60;

/// How often old minutes are deleted, in minutes.
const SWEEP: i64 = 60;

/// Minutes that wait for a database that does not answer.
const WAITING: usize = 8 * 60;

/// Writes down every minute of a node's GPUs until `stopping`.
pub async fn keep(
    node: String,
    mut reports: watch::Receiver<Arc<GpuReport>>,
    store: Store,
    stopping: CancellationToken,
) {
    let mut meter = MinuteMeter::default();
    let mut waiting: Vec<GpuMinute> = Vec::new();
    let follow = async {
        while reports.changed().await.is_ok() {
            let over = meter.take(&reports.borrow_and_update());
            let Some(last) = over.last().map(|last| last.minute) else {
                continue;
            };
            waiting.extend(over);
            match store.save_gpu_minutes(&node, &waiting).await {
                Ok(()) => waiting.clear(),
                Err(error) => {
                    tracing::warn!(%error, "cannot write down what the GPUs did");
                    waiting.drain(..waiting.len().saturating_sub(WAITING));
                }
            }
            if last % SWEEP == 0
                && let Err(error) = store.delete_gpu_minutes_before(last - KEPT).await
            {
                tracing::warn!(%error, "cannot delete old minutes of the GPUs");
            }
        }
    };
    stopping.run_until_cancelled(follow).await;
}
