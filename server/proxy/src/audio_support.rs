//! Whether the engine takes sound, found out by asking.
//!
//! vLLM has the routes for transcriptions and translations where the model that it serves can do that, and not otherwise.
//! A form without a file runs no model and is refused by a route that is there.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, HeaderName},
};
use tokio::time::timeout;
use worv_core::usage::Endpoint;

use crate::{engine::Engine, fields::Fields, messages_support::PROBE_TIMEOUT};

/// What the last probe found.
#[derive(Debug, Default)]
pub(crate) struct ProbedAudio {
    absent: AtomicBool,
}

impl ProbedAudio {
    /// Whether the engine takes sound. Until it is known it is asked each time, by sending it the request.
    pub(crate) fn get(&self) -> bool {
        !self.absent.load(Ordering::Relaxed)
    }

    /// Asks the engine.
    pub(crate) async fn probe(&self, engine: &Engine) {
        let Some(there) = timeout(PROBE_TIMEOUT, ask(engine)).await.ok().flatten() else {
            tracing::warn!("the engine does not tell whether it takes sound");
            return;
        };
        tracing::info!(there, "the engine's /v1/audio/transcriptions");
        self.absent.store(!there, Ordering::Relaxed);
    }
}

async fn ask(engine: &Engine) -> Option<bool> {
    const EMPTY_FORM: [(HeaderName, HeaderValue); 1] = [(
        CONTENT_TYPE,
        HeaderValue::from_static("multipart/form-data; boundary=empty"),
    )];
    let url = engine.url(Endpoint::Transcriptions.path());
    let question = Bytes::from_static(b"--empty--\r\n");
    let answer = engine.post(&url, &Fields::from_iter(EMPTY_FORM), question).await.ok()?;
    match answer.status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Some(true),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(false),
        _ => None,
    }
}
