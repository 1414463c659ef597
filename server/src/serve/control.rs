//! What commands on this machine ask of the running gateway (`worv switch`), on the address of health and metrics.
//!
//! Whoever may read the data folder may do this: each start leaves a new token there for the owner only.

use std::{path::Path, sync::Arc};

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use worv_api::{ApiError, NewSwitch, Switch, Switches};
use worv_core::{Entropy, Secret};
use worv_store::Actor;

use crate::{
    bearer::Bearer,
    command,
    console::{Console, Refusal},
    failure::{Failure, Kind},
};

/// The token's file in the data folder.
pub const CONTROL_TOKEN: &str = "control-token";

/// Characters of the token, each of them one of 62.
const TOKEN_LENGTH: usize = 43;

/// `/control/switch` and `/control/switch/cancel`.
pub fn router(console: &Arc<Console>, data_dir: &Path, entropy: &Entropy) -> Result<Router, Failure> {
    let token = Secret::new(entropy.alphanumeric(TOKEN_LENGTH));
    let file = data_dir.join(CONTROL_TOKEN);
    command::write_privately(&file, token.expose().as_bytes()).map_err(|error| {
        let message = format!("server.data_dir: cannot write {}: {error}", file.display());
        Failure::new(Kind::CannotCreate, message)
    })?;
    Ok(Router::new()
        .route("/control/switch", get(switches).post(start))
        .route("/control/switch/cancel", post(cancel))
        .with_state(Arc::clone(console))
        .layer(middleware::from_fn_with_state(Bearer::new(&token), admit)))
}

async fn admit(State(bearer): State<Bearer>, request: Request, next: Next) -> Response {
    if bearer.admits(request.headers()) {
        return next.run(request).await;
    }
    let message = "The token is not the one that this gateway has written to its data folder.";
    Refusal(ApiError::new(401, "unauthorized", message)).into_response()
}

async fn switches(State(console): State<Arc<Console>>) -> Result<Json<Switches>, Refusal> {
    console.switches().await.map(Json).map_err(Refusal)
}

async fn start(State(console): State<Arc<Console>>, Json(new): Json<NewSwitch>) -> Result<Json<Switch>, Refusal> {
    let begun = console.start_switch(&new.profile, &Actor::command_line()).await;
    begun.map(Json).map_err(Refusal)
}

async fn cancel(State(console): State<Arc<Console>>) -> Result<Json<Switch>, Refusal> {
    let cancelled = console.cancel_switch(&Actor::command_line()).await;
    cancelled.map(Json).map_err(Refusal)
}
