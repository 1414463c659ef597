//! What becomes of the engine's answer: an error, a stream, or a whole that is recorded before the caller has it.

use std::borrow::Cow;

use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use tokio::time::Instant;
use worv_core::{
    id::RequestId,
    usage::{Endpoint, Outcome},
};

use crate::{
    Gateway,
    answer::{Answer, AnswerBody},
    body::read_answer,
    dialect::Dialect,
    engine::EngineAnswer,
    engine_complaint::EngineComplaint,
    error::ApiError,
    fields::Fields,
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
pub(super) fn is_event_stream(fields: &Fields) -> bool {
    let media_type = fields.text(&CONTENT_TYPE);
    media_type.is_some_and(|value| value.trim_start().starts_with("text/event-stream"))
}

/// An error of the engine's, in the caller's dialect.
pub(super) async fn refused(
    dialect: Dialect,
    request_id: RequestId,
    answer: EngineAnswer,
    settlement: &mut Settlement,
) -> Answer {
    let body = read_answer(&answer.fields, answer.body).await.unwrap_or_default();
    let complaint = EngineComplaint::in_answer(answer.status, &body);
    let outcome = complaint.outcome();
    let answer = complaint.into_answer(dialect, request_id);
    settlement.set_status(answer.head.status);
    settlement.settle(outcome).await;
    answer
}

/// A stream, which settles itself when it ends.
pub(super) fn streamed(
    gateway: &Gateway,
    request_id: RequestId,
    answer: EngineAnswer,
    (grammar, rewording): (Grammar, Rewording),
    mut settlement: Settlement,
) -> Answer {
    let EngineAnswer { status, fields, body } = answer;
    settlement.set_status(status);
    let relay = Relay::new(
        body,
        grammar,
        settlement,
        request_id,
        rewording,
        gateway.config.keep_alive,
    );
    let mut answer = respond(status, fields, request_id, AnswerBody::stream(relay));
    let fields = &mut answer.head.fields;
    fields.set(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    fields.set(headers::X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    answer
}

/// A whole answer: read, counted, recorded, and only then given to the caller.
pub(super) async fn whole(
    endpoint: Endpoint,
    request_id: RequestId,
    answer: EngineAnswer,
    (translation, rewording): (Option<Translation>, Rewording),
    settlement: &mut Settlement,
) -> Result<Answer, ApiError> {
    let EngineAnswer { status, fields, body } = answer;
    let body = match read_answer(&fields, body).await {
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
    settlement.set_status(status);
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
        settlement.note_progress(Instant::now());
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
    Ok(respond(status, fields, request_id, AnswerBody::whole(body)))
}

/// Records that the engine failed before its answer was whole.
async fn broke_off(settlement: &mut Settlement) -> ApiError {
    let error = ApiError::engine_broke_off();
    settlement.set_status(error.status);
    settlement.settle(Outcome::EngineFailed).await;
    error
}

fn respond(status: StatusCode, fields: Fields, request_id: RequestId, body: AnswerBody) -> Answer {
    Answer::new(status, headers::for_caller(fields, request_id), body)
}
