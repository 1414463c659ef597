//! What the engine counted beside what is recorded, as the console shows it.

use worv_api::{ApiError, EngineCount, EngineRun};
use worv_store::TokenTotals;

use super::{Console, api::database_failed, service::Service};

/// Runs of the engine that are shown.
const RUNS: u32 = 100;

impl Console {
    /// The runs of the engine, the latest first.
    pub async fn engine_runs(&self) -> Result<Vec<EngineRun>, ApiError> {
        let runs = self.store.engine_runs(RUNS).await.map_err(database_failed)?;
        let shown = |run: worv_store::EngineRun| EngineRun {
            model: run.model,
            from: run.from.0,
            to: run.to.0,
            counted: count(run.counted),
            recorded: count(run.recorded),
        };
        Ok(runs.into_iter().map(shown).collect())
    }
}

impl Service {
    /// The runs of the engine, the latest first.
    pub async fn engine_runs(&self) -> Result<Vec<EngineRun>, ApiError> {
        self.console().engine_runs().await
    }
}

fn count(totals: TokenTotals) -> EngineCount {
    EngineCount {
        prompt_tokens: totals.prompt,
        generated_tokens: totals.generated,
    }
}
