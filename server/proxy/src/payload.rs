//! What a request carries: JSON on most routes, a form where there is a file in it.

use bytes::Bytes;
use worv_core::{key::KeySettings, usage::Endpoint};

use crate::{
    Gateway,
    envelope::{Envelope, StreamOptions},
    error::ApiError,
    fields::Fields,
    live::Live,
    rewrite::{Rewritten, rewrite},
    speech::SpeechRequest,
};

/// A request's body, opened.
#[derive(Debug)]
pub(crate) enum Payload<'a> {
    Json(Envelope<'a>),
    Form(SpeechRequest<'a>),
}

/// Whether a route's requests are forms, with a recording in them.
pub(crate) fn takes_form(endpoint: Endpoint) -> bool {
    match endpoint {
        Endpoint::Transcriptions | Endpoint::Translations => true,
        Endpoint::ChatCompletions
        | Endpoint::Messages
        | Endpoint::CountTokens
        | Endpoint::Completions
        | Endpoint::Responses
        | Endpoint::Embeddings
        | Endpoint::Rerank
        | Endpoint::Score
        | Endpoint::Other => false,
    }
}

/// The media type that a route's requests have.
pub(crate) fn media_type(endpoint: Endpoint) -> &'static str {
    if takes_form(endpoint) {
        "multipart/form-data"
    } else {
        "application/json"
    }
}

impl<'a> Payload<'a> {
    /// Opens the body of a request to a route.
    pub(crate) fn parse(endpoint: Endpoint, headers: &Fields, body: &'a [u8]) -> Result<Self, ApiError> {
        Ok(if takes_form(endpoint) {
            Self::Form(SpeechRequest::parse(headers, body)?)
        } else {
            Self::Json(Envelope::parse(body)?)
        })
    }

    /// The request as the engine gets it.
    pub(crate) async fn rewrite(
        &self,
        gateway: &Gateway,
        endpoint: Endpoint,
        live: &Live,
        body: &Bytes,
        key: &KeySettings,
    ) -> Result<Rewritten, ApiError> {
        match self {
            Self::Json(envelope) => rewrite(gateway, endpoint, live, envelope, body, key).await,
            Self::Form(form) => {
                let (body, content_type) = form.rewrite(&gateway.entropy, live, key)?;
                Ok(Rewritten {
                    body,
                    content_type: Some(content_type),
                    granted: None,
                    translation: None,
                })
            }
        }
    }

    /// The model as the caller wrote it.
    pub(crate) fn model(&self) -> &str {
        match self {
            Self::Json(envelope) => &envelope.model,
            Self::Form(form) => form.model,
        }
    }

    /// Whether the answer is to be a stream.
    pub(crate) fn stream(&self) -> bool {
        match self {
            Self::Json(envelope) => envelope.stream,
            Self::Form(form) => form.stream,
        }
    }

    /// What the caller asked to see of the usage.
    pub(crate) fn stream_options(&self) -> StreamOptions {
        match self {
            Self::Json(envelope) => envelope.stream_options(),
            Self::Form(form) => form.stream_options,
        }
    }
}
