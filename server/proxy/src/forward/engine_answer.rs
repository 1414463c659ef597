//! What becomes of the engine's answer: an error, a stream, or a whole that is recorded before the caller has it.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use worv_core::{
    id::RequestId,
    usage::{Endpoint, Outcome},
};

use crate::{
    Gateway,
    answer::{Answer, AnswerBody},
    body::read_answer,
    dialect::Dialect,
    engine::EngineResponse,
    engine_complaint::EngineComplaint,
    error::ApiError,
    headers,
    json::Object,
    messages_translation::Translation,
    reasoning,
    relay::{Grammar, Relay},
    rewording::Rewording,
    settlement::Settlement,
    token_counts::TokenCounts,
};

/// Whether an answer comes event by event.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| value.trim_start().starts_with("text/event-stream"))
}

/// An error of the engine's, in the caller's dialect.
pub(super) async fn refused(
    dialect: Dialect,
    request_id: RequestId,
    answer: EngineResponse,
    settlement: &mut Settlement,
) -> Answer {
    let (head, body) = answer.into_parts();
    let body = read_answer(&head.headers, body).await.unwrap_or_default();
    let complaint = EngineComplaint::in_answer(head.status, &body);
    let outcome = complaint.outcome();
    let answer = complaint.into_answer(dialect, request_id);
    settlement.set_status(answer.status());
    settlement.settle(outcome).await;
    answer
}

/// A stream, which settles itself when it ends.
pub(super) fn streamed(
    gateway: &Gateway,
    request_id: RequestId,
    answer: EngineResponse,
    (grammar, rewording): (Grammar, Rewording),
    mut settlement: Settlement,
) -> Answer {
    let (head, body) = answer.into_parts();
    settlement.set_status(head.status);
    let relay = Relay::new(
        body,
        grammar,
        settlement,
        request_id,
        rewording,
        gateway.config.keep_alive,
    );
    let mut answer = respond(head.status, &head.headers, request_id, AnswerBody::stream(relay));
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(headers::X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    answer
}

/// A whole answer: read, counted, recorded, and only then given to the caller.
pub(super) async fn whole(
    endpoint: Endpoint,
    request_id: RequestId,
    answer: EngineResponse,
    (translation, rewording): (Option<Translation>, Rewording),
    settlement: &mut Settlement,
) -> Result<Answer, ApiError> {
    let (head, body) = answer.into_parts();
    let body = match read_answer(&head.headers, body).await {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(%request_id, error = &error as &dyn std::error::Error, "no whole answer from the engine");
            return Err(broke_off(settlement).await);
        }
    };
    let body = match translation.map(|translation| translation.answer(&body, request_id)) {
        None => body,
        Some(Some(translated)) => translated.into(),
        Some(None) => {
            tracing::warn!(%request_id, "the engine's answer is not what its route answers with");
            return Err(broke_off(settlement).await);
        }
    };
    settlement.set_status(head.status);
    let object = str::from_utf8(&body).ok().and_then(|text| Object::parse(text).ok());
    let usage = object.as_ref().and_then(|object| object.get("usage"));
    let counts = usage.and_then(|usage| match endpoint {
        Endpoint::Messages | Endpoint::CountTokens => TokenCounts::from_anthropic(usage.as_bytes()),
        Endpoint::Responses => TokenCounts::from_responses(usage.as_bytes()),
        Endpoint::ChatCompletions
        | Endpoint::Completions
        | Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Transcriptions
        | Endpoint::Translations
        | Endpoint::Other => TokenCounts::from_openai(usage.as_bytes()),
    });
    if let Some(counts) = counts {
        settlement.observe(counts);
    }
    let body = match reasoning::place(&body).filter(|_| endpoint == Endpoint::ChatCompletions) {
        Some(place) => reasoning::named_twice(&body, place).concat().into(),
        None => body,
    };
    let body = match rewording.apply(&body) {
        Cow::Owned(reworded) => reworded.into(),
        Cow::Borrowed(_) => body,
    };
    settlement.settle(Outcome::Done).await;
    Ok(respond(head.status, &head.headers, request_id, AnswerBody::whole(body)))
}

/// Records that the engine failed before its answer was whole.
async fn broke_off(settlement: &mut Settlement) -> ApiError {
    let error = ApiError::engine_broke_off();
    settlement.set_status(error.status);
    settlement.settle(Outcome::EngineFailed).await;
    error
}

fn respond(status: StatusCode, from_engine: &HeaderMap, request_id: RequestId, body: AnswerBody) -> Answer {
    let mut answer = Answer::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers::for_caller(from_engine);
    answer
        .headers_mut()
        .insert(headers::X_REQUEST_ID, headers::request_id_value(request_id));
    answer
}
