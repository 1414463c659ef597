//! Which paths are answered. There is no wildcard to the engine: what is not listed here is 404.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::{MethodRouter, any, post},
};
use http::{HeaderValue, StatusCode, header::ALLOW};
use worv_core::usage::Endpoint;

use crate::{
    Gateway,
    dialect::Dialect,
    error::ApiError,
    forward::{Route, forward},
};

/// The routes that lead to the engine. The engine's path is the same as ours.
const INFERENCE: [(Endpoint, Dialect); 2] = [
    (Endpoint::ChatCompletions, Dialect::OpenAi),
    (Endpoint::Messages, Dialect::Anthropic),
];

/// Answers everything under `/v1`. It has no fallback of its own, so that it can be merged with other routes;
/// [`not_found`] is the one to give a host that serves nothing else.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let mut router = Router::new();
    for (endpoint, dialect) in INFERENCE {
        router = router.route(endpoint.path(), inference(&gateway, endpoint, dialect));
    }
    router
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

fn inference(gateway: &Arc<Gateway>, endpoint: Endpoint, dialect: Dialect) -> MethodRouter<Arc<Gateway>> {
    let route = Arc::new(Route {
        gateway: Arc::clone(gateway),
        endpoint,
        dialect,
        url: gateway.engine.url(endpoint.path()),
    });
    let handler = move |request: Request| async move { forward(&route, request).await };
    post(handler)
        .fallback(move |State(gateway): State<Arc<Gateway>>| async move { method_not_allowed(&gateway, dialect) })
}

fn method_not_allowed(gateway: &Gateway, dialect: Dialect) -> Response {
    let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "This route is for POST requests.");
    let mut response = error.into_response(dialect, gateway.new_request_id());
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}
