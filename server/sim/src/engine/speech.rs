//! `POST /v1/audio/transcriptions` and `POST /v1/audio/translations`, where the model takes sound.
//!
//! Nobody listens: a recording counts as 16-bit samples, one channel of 16 kHz, and what it says is an answer to the
//! request's `prompt`.

mod request;
mod streamed;

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use self::request::SpeechRequest;
use super::{answer, errors::ApiError, generation::Broken, service::Engine};

/// The two routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Transcription,
    Translation,
}

/// A whole answer; a translation has no `usage`.
#[derive(Serialize)]
struct Text {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Seconds>,
}

#[derive(Serialize)]
struct Seconds {
    r#type: &'static str,
    seconds: u64,
}

/// Answers a request for a transcription.
pub(super) async fn transcribe(
    State(engine): State<Engine>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    answer(Kind::Transcription, &engine, &headers, form).await
}

/// Answers a request for a translation.
pub(super) async fn translate(
    State(engine): State<Engine>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    answer(Kind::Translation, &engine, &headers, form).await
}

async fn answer(
    kind: Kind,
    engine: &Engine,
    headers: &HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    match respond(kind, engine, headers, form).await {
        Ok(response) => response,
        Err(error) => error.openai_response(),
    }
}

async fn respond(
    kind: Kind,
    engine: &Engine,
    headers: &HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, ApiError> {
    engine.admit()?;
    let request = SpeechRequest::read(engine, form.ok()).await?;
    let id = engine.answer_id(kind.prefix(), headers);
    let batches = engine.generate(std::slice::from_ref(&request.task));
    if request.stream {
        let events = streamed::SpeechEvents::new(kind, engine, id, &request);
        return Ok(answer::stream(batches, events));
    }
    match answer::collect(batches, 1).await {
        Ok(choices) => {
            let usage = (kind == Kind::Transcription).then_some(Seconds {
                r#type: "duration",
                seconds: request.seconds,
            });
            let text = choices.into_iter().map(|choice| choice.text).collect();
            Ok(Json(Text { text, usage }).into_response())
        }
        Err(Broken::Failed) => Err(ApiError::engine_failed()),
        Err(Broken::Closed) => Ok(answer::broken_connection()),
    }
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Transcription => "transcribe",
            Self::Translation => "translate",
        }
    }

    fn chunk_object(self) -> &'static str {
        match self {
            Self::Transcription => "transcription.chunk",
            Self::Translation => "translation.chunk",
        }
    }
}
