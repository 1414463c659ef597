//! `GET /v1/usage`: what the caller's own key has used.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use worv_api::Grouping;
use worv_core::Clock;
use worv_proxy::Gateway;
use worv_store::Store;

use crate::reports::{self, UsageQuestion};

/// What the route works with.
#[derive(Clone)]
pub struct KeyUsageState {
    /// Knows the keys.
    pub gateway: Arc<Gateway>,
    /// Has the sums.
    pub store: Store,
    /// Tells the time.
    pub clock: Clock,
}

/// Where a key asks for its own usage.
pub const PATH: &str = "/v1/usage";

/// Takes the parameters of `GET /api/usage`; whatever they say, it is the usage of the key that asks.
pub async fn key_usage(State(state): State<KeyUsageState>, RawQuery(query): RawQuery, request: Request) -> Response {
    let caller = match state.gateway.caller(PATH, request.headers()) {
        Ok(caller) => caller,
        Err(refusal) => return refusal,
    };
    let grant = caller.grant();
    let (key, name) = (grant.id, grant.name.clone());
    let question = match UsageQuestion::read(&query.unwrap_or_default(), state.clock.now()) {
        Ok(question) => UsageQuestion {
            key: Some(key),
            by: Grouping::None,
            ..question
        },
        Err(error) => {
            return caller.refuse(
                StatusCode::UNPROCESSABLE_ENTITY,
                Some("invalid_request"),
                error.message,
                None,
            );
        }
    };
    match reports::key_usage(&state.store, &question, (key, name)).await {
        Ok(usage) => caller.answer(&state.gateway, Json(usage).into_response()),
        Err(error) => {
            tracing::error!(%error, "the database failed");
            let message = "Usage cannot be looked up at the moment. Try again in a few seconds.";
            caller.refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                Some("usage_unavailable"),
                message,
                Some(5),
            )
        }
    }
}
