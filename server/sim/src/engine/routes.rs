//! The routes of vLLM's server that the gateway or its tests can reach.

use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ALLOW, CONTENT_TYPE, SERVER, VARY},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Serialize;

use super::{SeenRequest, chat, completions, control, messages, models, responses, service::Engine, speech, tokenize};

#[derive(Serialize)]
struct VersionAnswer {
    version: &'static str,
}

#[derive(Serialize)]
struct Load {
    server_load: u64,
}

/// What vLLM's web framework answers where there is no route.
#[derive(Serialize)]
struct Detail {
    detail: &'static str,
}

/// All routes.
pub(super) fn router(engine: Engine) -> Router {
    let speech = if engine.takes_audio() {
        Router::new()
            .route("/v1/audio/transcriptions", post(speech::transcribe))
            .route("/v1/audio/translations", post(speech::translate))
    } else {
        Router::new()
    };
    Router::new()
        .merge(speech)
        .route("/health", get(empty))
        .route("/ping", get(empty).post(empty))
        .route("/version", get(version))
        .route("/load", get(load))
        .route("/metrics", get(metrics))
        .route("/tokenize", post(tokenize::tokenize))
        .route("/v1/models", get(models::list))
        .route("/v1/chat/completions", post(chat::completions))
        .route("/v1/completions", post(completions::create))
        .route("/v1/messages", post(messages::create))
        .route("/v1/messages/count_tokens", post(messages::count_tokens))
        .route("/v1/responses", post(responses::create))
        .route("/sim/stats", get(control::stats))
        .route("/sim/knobs", get(control::knobs).patch(control::turn))
        .fallback(async || (StatusCode::NOT_FOUND, Json(Detail { detail: "Not Found" })))
        .method_not_allowed_fallback(async || {
            (StatusCode::METHOD_NOT_ALLOWED, Json(Detail { detail: "Method Not Allowed" }))
        })
        // vLLM has no limit of its own.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(engine.clone(), keep))
        .with_state(engine)
}

/// The headers that uvicorn and the CORS middleware put on every answer.
pub(super) fn dress(headers: &mut HeaderMap) {
    headers.insert(SERVER, HeaderValue::from_static("uvicorn"));
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    // vLLM does not answer HEAD where it answers GET.
    if headers.get(ALLOW).is_some_and(|methods| methods == "GET,HEAD") {
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
    }
}

/// Remembers a request before it is answered.
async fn keep(State(engine): State<Engine>, request: Request, next: Next) -> Response {
    if !engine.keeps_requests() {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    engine.keep(SeenRequest {
        method: head.method.clone(),
        uri: head.uri.clone(),
        headers: head.headers.clone(),
        body: body.clone(),
    });
    next.run(Request::from_parts(head, Body::from(body))).await
}

async fn empty() {}

async fn version(State(engine): State<Engine>) -> Json<VersionAnswer> {
    Json(VersionAnswer {
        version: engine.version(),
    })
}

async fn load(State(engine): State<Engine>) -> Json<Load> {
    Json(Load {
        server_load: engine.metrics().load(),
    })
}

async fn metrics(State(engine): State<Engine>) -> Response {
    let content_type = HeaderValue::from_static("text/plain; version=1.0.0; charset=utf-8");
    ([(CONTENT_TYPE, content_type)], engine.metrics().page()).into_response()
}
