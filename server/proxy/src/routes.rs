//! Which paths are answered. There is no wildcard to the engine: what is not listed here is 404.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::any,
};
use http::StatusCode;

use crate::{Gateway, dialect::Dialect, error::ApiError};

/// Answers everything under `/v1`. It has no fallback of its own, so that it can be merged with other routes;
/// [`not_found`] is the one to give a host that serves nothing else.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1", any(not_found))
        .route("/v1/", any(not_found))
        .route("/v1/{*path}", any(not_found))
        .with_state(gateway)
}

/// 404 as JSON in the caller's dialect.
pub async fn not_found(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let dialect = Dialect::guess(request.uri().path(), request.headers());
    let message = "There is no such route. See the documentation for the routes that are served.";
    ApiError::new(StatusCode::NOT_FOUND, message).into_response(dialect, gateway.new_request_id())
}
