//! Which paths are answered. There is no wildcard to the engine: what is not listed here is 404.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post},
};
use http::{HeaderValue, Method, StatusCode, header::ALLOW};
use worv_core::usage::Endpoint;

use crate::{
    Gateway,
    body::discard,
    catalogue,
    dialect::Dialect,
    error::ApiError,
    fields::Fields,
    forward::{Route, forward},
    limits_route::limits,
};

/// Answers everything under `/v1`. It has no fallback of its own, so that it can be merged with other routes;
/// [`not_found`] is the one to give a host that serves nothing else.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let mut router = Router::new();
    for (path, route) in engine_routes(&gateway) {
        let inference = post(move |request: Request| async move { forward(&route, request).await });
        router = router.route(&path, and_options(inference, "POST, OPTIONS"));
    }
    router
        .route("/v1/models", and_options(get(catalogue::list), "GET, HEAD, OPTIONS"))
        .route(
            "/v1/models/{*id}",
            and_options(get(catalogue::retrieve), "GET, HEAD, OPTIONS"),
        )
        .route("/v1/limits", and_options(get(limits), "GET, HEAD, OPTIONS"))
        .route("/v1", any(not_found))
        .route("/v1/", any(not_found))
        .route("/v1/{*path}", any(not_found))
        .with_state(gateway)
}

/// The routes that lead to the engine, by path. The engine's paths are the same as ours.
pub(crate) fn engine_routes(gateway: &Arc<Gateway>) -> impl Iterator<Item = (String, Arc<Route>)> {
    let own = Endpoint::ALL
        .into_iter()
        .filter(|endpoint| *endpoint != Endpoint::Other);
    let own = own.map(|endpoint| (endpoint.path().to_owned(), endpoint));
    let extra = gateway.config.extra_routes.iter().collect::<BTreeSet<_>>().into_iter();
    own.chain(extra.map(|path| (path.clone(), Endpoint::Other)))
        .map(|(path, endpoint)| {
            let route = Route {
                gateway: Arc::clone(gateway),
                endpoint,
                dialect: Dialect::of(endpoint),
                url: gateway.engine.url(&path),
            };
            (path, Arc::new(route))
        })
}

/// Whether a path can be added to the routes: under `/v1/`, of plain segments (letters, digits, `-`, `_`, and dots within),
/// and not one that is served already or that would change the engine for everybody.
pub fn is_extra_route(path: &str) -> bool {
    let is_plain = |segment: &str| {
        segment.starts_with(|first: char| first.is_ascii_alphanumeric())
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let is_served = Endpoint::ALL.iter().any(|endpoint| endpoint.path() == path)
        || path == "/v1/limits"
        || path == "/v1/usage"
        || path == "/v1/models"
        || path.starts_with("/v1/models/");
    let rest = path.strip_prefix("/v1/");
    rest.is_some_and(|rest| rest.split('/').all(is_plain)) && !is_served && !path.ends_with("load_lora_adapter")
}

/// Whether requests for a path are the data path's: they are cheap for the processor, and waiting for it would show.
pub fn is_data_path(path: &str) -> bool {
    path.starts_with("/v1/")
}

/// 404 as JSON in the caller's dialect.
pub async fn not_found(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    discard(&Fields::from(&head.headers), body).await;
    let dialect = Dialect::guess(head.uri.path(), &head.headers);
    let message = "There is no such route. See the documentation for the routes that are served.";
    ApiError::new(StatusCode::NOT_FOUND, message).into_response(dialect, gateway.new_request_id())
}

/// Answers OPTIONS with the methods of a route, and every method that is not among them with 405.
fn and_options(route: MethodRouter<Arc<Gateway>>, allowed: &'static str) -> MethodRouter<Arc<Gateway>> {
    let other = move |State(gateway): State<Arc<Gateway>>, request: Request| async move {
        let (head, body) = request.into_parts();
        discard(&Fields::from(&head.headers), body).await;
        let mut response = if head.method == Method::OPTIONS {
            StatusCode::NO_CONTENT.into_response()
        } else {
            let dialect = Dialect::guess(head.uri.path(), &head.headers);
            let message = format!("This route answers {allowed} only.");
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message).into_response(dialect, gateway.new_request_id())
        };
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        response
    };
    route.fallback(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_that_are_not_served_can_be_added() {
        let cases = [
            ("/v1/classify", true),
            ("/v1/chat/completions/batch", true),
            ("/v1/audio/v1.5", true),
            ("/v1/chat/completions", false),
            ("/v1/models/x", false),
            ("/v1/limits", false),
            ("/v1/load_lora_adapter", false),
            ("/v1/unload_lora_adapter", false),
            ("/v1/", false),
            ("/v1", false),
            ("/scale_elastic_ep", false),
            ("/v1/../scale_elastic_ep", false),
            ("/v1/a//b", false),
            ("/v1/{id}", false),
            ("/v1/a?b", false),
            ("/v1/a%2fb", false),
            ("http://x/v1/a", false),
        ];
        for (path, expected) in cases {
            assert_eq!(is_extra_route(path), expected, "{path}");
        }
    }
}
