//! `POST /v1/chat/completions`.

pub(super) mod request;
pub(super) mod streamed;
mod whole;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use self::request::ChatRequest;
use super::{answer, errors::ApiError, generation::Broken, service::Engine};

/// Answers a request.
pub(super) async fn completions(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    match respond(&engine, &headers, &body).await {
        Ok(response) => response,
        Err(error) => error.openai_response(),
    }
}

async fn respond(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Response, ApiError> {
    engine.admit()?;
    let request = ChatRequest::read(engine, headers, body)?;
    let id = engine.answer_id("chatcmpl", headers);
    let batches = engine.generate(std::slice::from_ref(&request.task));
    if request.stream {
        return Ok(answer::stream(batches, streamed::ChatEvents::new(engine, id, &request)));
    }
    match answer::collect(batches, request.task.choices).await {
        Ok(choices) => Ok(Json(whole::ChatCompletion::new(engine, id, &request, choices)).into_response()),
        Err(Broken::Failed) => Err(ApiError::engine_failed()),
        Err(Broken::Closed) => Ok(answer::broken_connection()),
    }
}
