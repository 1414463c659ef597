//! `POST /api/agent`: where the agent on the engine's machine reports and is told what to run.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State, rejection::JsonRejection},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::time::Instant;
use worv_api::ApiError;
use worv_node::remote::{AgentAnswer, AgentReport, RemoteNode};

use crate::{bearer::Bearer, console::Refusal};

/// The longest report, in bytes: what one carries of the log at most, and the GPUs.
const MAX_REPORT: usize = 4 << 20;

/// How often at most the log tells of reports that are refused: anybody can send them.
const TELL_INTERVAL: Duration = Duration::from_mins(1);

/// Who may report.
struct Gate {
    bearer: Bearer,
    told_at: Mutex<Option<Instant>>,
}

/// The route, where an agent runs the engine. Nothing of a report is read before its token was.
pub fn router(node: Option<Arc<RemoteNode>>, bearer: Option<Bearer>) -> Router {
    let Some((node, bearer)) = node.zip(bearer) else {
        return Router::new();
    };
    let gate = Gate {
        bearer,
        told_at: Mutex::default(),
    };
    Router::new()
        .route("/api/agent", post(take))
        .with_state(node)
        .layer(DefaultBodyLimit::max(MAX_REPORT))
        .layer(middleware::from_fn_with_state(Arc::new(gate), admit))
}

async fn admit(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    if gate.bearer.admits(request.headers()) {
        return next.run(request).await;
    }
    gate.tell();
    let message = "The token is not the one of the gateway's agent.token_file.";
    Refusal(ApiError::new(401, "unauthorized", message)).into_response()
}

async fn take(
    State(node): State<Arc<RemoteNode>>,
    report: Result<Json<AgentReport>, JsonRejection>,
) -> Result<Json<AgentAnswer>, Refusal> {
    let refuse = |status, code, message| Err(Refusal(ApiError::new(status, code, message)));
    match report {
        Err(rejection) => {
            let rejection = rejection.body_text();
            let message = format!("Agent and gateway have to be of the same version. {rejection}");
            refuse(422, "invalid_request", message)
        }
        Ok(Json(report)) if report.name != node.name() => {
            let message = format!("node.name is {:?} there and {:?} here.", report.name, node.name());
            refuse(409, "another_node", message)
        }
        Ok(Json(report)) => Ok(Json(node.take(report))),
    }
}

impl Gate {
    fn tell(&self) {
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|at| at.elapsed() >= TELL_INTERVAL) {
            *told_at = Some(Instant::now());
            tracing::warn!("a report to /api/agent was refused: its token is not the one in agent.token_file");
        }
    }
}
