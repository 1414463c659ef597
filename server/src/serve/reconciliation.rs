//! Compares what the engine counts of itself with what is recorded, once a minute.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};
use worv_api::{EngineMetrics, EngineStatus};
use worv_store::TokenTotals;

use super::background::Background;

/// How often both sides are noted.
const EVERY: Duration = Duration::from_mins(1);

impl Background {
    /// Notes both sides whenever the engine has been read and it is time.
    pub(super) async fn reconcile(
        self,
        engine: watch::Receiver<Arc<EngineStatus>>,
        mut metrics: watch::Receiver<Arc<EngineMetrics>>,
    ) {
        let follow = async {
            let mut next = Instant::now();
            while metrics.changed().await.is_ok() {
                let counted = metrics.borrow_and_update().counted;
                let model = engine.borrow().model.clone();
                let Some(counted) = counted.filter(|_| !model.is_empty() && Instant::now() >= next) else {
                    continue;
                };
                next = Instant::now() + EVERY;
                let engine = TokenTotals {
                    prompt: counted.prompt_tokens,
                    generated: counted.generated_tokens,
                };
                if let Err(error) = self.store.reconcile(&model, engine).await {
                    tracing::warn!(%error, "cannot note what the engine has counted");
                }
            }
        };
        self.stopping.run_until_cancelled(follow).await;
    }
}
