//! `POST /v1/messages` and `POST /v1/messages/count_tokens`, Anthropic's dialect.

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
use serde::Serialize;

use self::request::{MessagesRequest, Purpose};
use super::{answer, errors::ApiError, generation::Broken, service::Engine};

/// Tokens as Anthropic counts them.
#[derive(Clone, Copy, Debug, Serialize)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
}

#[derive(Serialize)]
struct Counted {
    input_tokens: u64,
    context_management: ContextManagement,
}

#[derive(Serialize)]
struct ContextManagement {
    original_input_tokens: u64,
}

/// Answers a message.
pub(super) async fn create(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    match respond(&engine, &headers, &body).await {
        Ok(response) => response,
        Err(error) => error.anthropic_response(engine.quirks()),
    }
}

/// Counts the tokens of a message.
pub(super) async fn count_tokens(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    match MessagesRequest::read(&engine, &headers, &body, Purpose::Count) {
        Ok(request) => {
            let tokens = request.task.prompt_tokens;
            let context_management = ContextManagement {
                original_input_tokens: tokens,
            };
            Json(Counted {
                input_tokens: tokens,
                context_management,
            })
            .into_response()
        }
        Err(error) => error.anthropic_response(engine.quirks()),
    }
}

async fn respond(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Response, ApiError> {
    engine.admit()?;
    let request = MessagesRequest::read(engine, headers, body, Purpose::Answer)?;
    let id = engine.answer_id("chatcmpl", headers);
    let batches = engine.generate(std::slice::from_ref(&request.task));
    if request.stream {
        return Ok(answer::stream(
            batches,
            streamed::MessageEvents::new(engine, id, &request),
        ));
    }
    match answer::collect(batches, 1).await {
        Ok(choices) => {
            let choice = choices.into_iter().next().unwrap_or_default();
            Ok(Json(whole::Message::new(engine, id, &request, choice)).into_response())
        }
        Err(Broken::Failed) => Err(ApiError::engine_failed()),
        Err(Broken::Closed) => Ok(answer::broken_connection()),
    }
}
