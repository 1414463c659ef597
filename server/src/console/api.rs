//! The JSON routes of the console: the trait's methods, one route each.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{StatusCode, header};
use serde::Deserialize;
use worv_api::{
    ApiError, ApiKey, ConsoleApi, CreatedKey, EngineRun, GpuPoint, Gpus, NewKey, NewSwitch, Overview, Profiles,
    SessionInfo, Switch, Switches,
};
use worv_store::StoreError;

use super::{Console, events, openapi, playground, reports, session::SignedIn};

mod administration;

/// Every route below `/api`. Unknown ones answer JSON, like all the others.
pub fn router() -> Router<Arc<Console>> {
    Router::new()
        .route("/session", get(session))
        .route("/overview", get(overview))
        .route("/keys", get(keys).post(create_key))
        .route("/gpus", get(gpus))
        .route("/gpus/history", get(gpu_history))
        .route("/profiles", get(profiles))
        .route("/engine.log", get(engine_log))
        .route("/switch", get(switches).post(start_switch))
        .route("/switch/cancel", post(cancel_switch))
        .merge(reports::router())
        .route("/playground/key", post(playground::key))
        .route("/playground/v1/chat/completions", post(playground::chat))
        .route("/events", get(events::stream))
        .route("/openapi.json", get(described))
        .route("/usage/reconciliation", get(reconciliation))
        .merge(administration::router())
        .fallback(unknown)
        .method_not_allowed_fallback(method_not_allowed)
}

/// An error as an answer.
pub struct Refusal(pub ApiError);

/// What the store says, as the console's users hear it.
pub fn database_failed(error: StoreError) -> ApiError {
    match error {
        StoreError::Invalid { .. } => ApiError::new(422, "invalid_request", format!("The {error}.")),
        StoreError::NotFound { .. } => {
            ApiError::new(404, "not_found", format!("{error}.").replacen("there", "There", 1))
        }
        StoreError::NameTaken { .. } => {
            ApiError::new(409, "name_taken", format!("{error}.").replacen("there", "There", 1))
        }
        error => {
            tracing::error!(%error, "the database failed");
            let message = "The database does not answer. Nothing was changed; try again in a moment.";
            ApiError::new(503, "database_unavailable", message)
        }
    }
}

type Answer<T> = Result<Json<T>, Refusal>;

async fn session(SignedIn(service): SignedIn) -> Answer<SessionInfo> {
    answer(service.session().await)
}

async fn overview(SignedIn(service): SignedIn) -> Answer<Overview> {
    answer(service.overview().await)
}

async fn keys(SignedIn(service): SignedIn) -> Answer<Vec<ApiKey>> {
    answer(service.console().keys().await)
}

async fn create_key(SignedIn(service): SignedIn, new: Result<Json<NewKey>, JsonRejection>) -> Answer<CreatedKey> {
    answer(service.create_key(read(new)?).await)
}

async fn gpus(SignedIn(service): SignedIn) -> Answer<Gpus> {
    Ok(Json(service.console().gpus()))
}

/// How far back; a day if nothing is said.
#[derive(Deserialize)]
struct Hours {
    #[serde(default = "a_day")]
    hours: u32,
}

fn a_day() -> u32 {
    24
}

async fn gpu_history(
    SignedIn(service): SignedIn,
    hours: Result<Query<Hours>, QueryRejection>,
) -> Answer<Vec<GpuPoint>> {
    match hours {
        Ok(Query(Hours { hours })) => answer(service.console().gpu_history(hours).await),
        Err(rejection) => Err(Refusal(ApiError::new(422, "invalid_request", rejection.body_text()))),
    }
}

/// The engine's log as a file.
async fn engine_log(SignedIn(service): SignedIn) -> Result<Response, Refusal> {
    let text = service.console().engine_log().map_err(Refusal)?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"engine.log\""),
    ];
    Ok((headers, text).into_response())
}

async fn profiles(SignedIn(service): SignedIn) -> Answer<Profiles> {
    answer(service.console().profiles().await)
}

async fn switches(SignedIn(service): SignedIn) -> Answer<Switches> {
    answer(service.console().switches().await)
}

async fn start_switch(SignedIn(service): SignedIn, new: Result<Json<NewSwitch>, JsonRejection>) -> Answer<Switch> {
    answer(service.start_switch(read(new)?).await)
}

async fn cancel_switch(SignedIn(service): SignedIn) -> Answer<Switch> {
    answer(service.cancel_switch().await)
}

async fn described(SignedIn(_): SignedIn) -> Json<&'static serde_json::Value> {
    Json(&openapi::DOCUMENT)
}

async fn reconciliation(SignedIn(service): SignedIn) -> Answer<Vec<EngineRun>> {
    answer(service.engine_runs().await)
}

async fn unknown(State(_): State<Arc<Console>>) -> Refusal {
    Refusal(ApiError::new(
        404,
        "not_found",
        "There is no such route in the console's API.",
    ))
}

async fn method_not_allowed() -> Refusal {
    Refusal(ApiError::new(
        405,
        "method_not_allowed",
        "This route does not take that method.",
    ))
}

/// What a request's body says, or a refusal that says what is wrong with it.
fn read<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Refusal> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(rejection) => {
            let (status, message) = (rejection.status().as_u16(), rejection.body_text());
            Err(Refusal(ApiError::new(status, "invalid_request", message)))
        }
    }
}

fn answer<T>(result: Result<T, ApiError>) -> Answer<T> {
    result.map(Json).map_err(Refusal)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.0)).into_response()
    }
}
