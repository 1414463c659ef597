//! The routes of vLLM's server that the gateway or its tests can reach.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;

use super::{KnobsHandle, SimOptions, stats::Board};

/// What every route works with. Cheap to clone.
#[derive(Clone)]
pub(super) struct Engine(Arc<Shared>);

struct Shared {
    options: SimOptions,
    board: Arc<Board>,
}

#[derive(Serialize)]
struct VersionAnswer {
    version: &'static str,
}

impl Engine {
    pub(super) fn new(options: SimOptions, _knobs: KnobsHandle, board: Arc<Board>) -> Self {
        Self(Arc::new(Shared { options, board }))
    }

    pub(super) fn count_connection(&self) {
        self.0.board.count(|stats| stats.connections += 1);
    }

    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/health", get(async || ()))
            .route("/version", get(version))
            .with_state(self)
    }
}

async fn version(State(engine): State<Engine>) -> Json<VersionAnswer> {
    Json(VersionAnswer {
        version: engine.0.options.version.as_str(),
    })
}
