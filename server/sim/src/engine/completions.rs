//! `POST /v1/completions`.

mod request;
mod streamed;
mod whole;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use self::request::CompletionRequest;
use super::{answer, errors::ApiError, generation::Broken, service::Engine};

/// Answers a request.
pub(super) async fn create(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    match respond(&engine, &headers, &body).await {
        Ok(response) => response,
        Err(error) => error.openai_response(),
    }
}

async fn respond(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Response, ApiError> {
    engine.admit()?;
    let request = CompletionRequest::read(engine, headers, body)?;
    let id = engine.answer_id("cmpl", headers);
    let batches = engine.generate(&request.tasks);
    if request.stream {
        return Ok(answer::stream(
            batches,
            streamed::CompletionEvents::new(engine, id, &request),
        ));
    }
    match answer::collect(batches, request.choices()).await {
        Ok(choices) => Ok(Json(whole::Completion::new(engine, id, &request, choices)).into_response()),
        Err(Broken::Failed) => Err(ApiError::engine_failed()),
        Err(Broken::Closed) => Ok(answer::broken_connection()),
    }
}
