//! `POST /v1/responses`.

mod body;
mod item;
mod request;
mod streamed;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use self::{body::ResponseBody, item::Item, request::ResponsesRequest};
use super::{
    answer::{self, Choice},
    errors::ApiError,
    generation::Broken,
    service::Engine,
};

/// Answers a request.
pub(super) async fn create(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    match respond(&engine, &headers, &body).await {
        Ok(response) => response,
        Err(error) => error.openai_response(),
    }
}

async fn respond(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Response, ApiError> {
    engine.admit()?;
    let request = ResponsesRequest::read(engine, headers, body)?;
    let response = ResponseBody::new(
        engine,
        engine.answer_id("resp", headers).replacen('-', "_", 1),
        &request,
    );
    let batches = engine.generate(std::slice::from_ref(&request.task));
    if request.stream {
        return Ok(answer::stream(batches, streamed::ResponseEvents::new(engine, response)));
    }
    match answer::collect(batches, 1).await {
        Ok(choices) => {
            let choice = choices.into_iter().next().unwrap_or_default();
            Ok(Json(whole(engine, response, choice)).into_response())
        }
        Err(Broken::Failed) => Err(ApiError::engine_failed()),
        Err(Broken::Closed) => Ok(answer::broken_connection()),
    }
}

fn whole(engine: &Engine, mut response: ResponseBody, choice: Choice) -> ResponseBody {
    let mut output = Vec::new();
    if !choice.reasoning.is_empty() {
        output.push(Item::reasoning(engine, None, Some(choice.reasoning)));
    }
    if !choice.text.is_empty() {
        output.push(Item::message(engine, Some(choice.text)));
    }
    output.extend(
        choice
            .calls
            .into_iter()
            .map(|call| Item::call(engine, call.name, Some(call.arguments))),
    );
    response.finish(
        output,
        choice.finish.as_ref(),
        choice.generated,
        choice.reasoning_tokens,
    );
    response
}
