//! What the engine makes of `/v1/messages`, found out by asking.
//!
//! Engines ignore fields that they do not know and refuse known ones of a wrong type, so a wrong type on
//! `count_tokens`, which runs no model, tells whether a build reads a field there.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, HeaderName},
};
use tokio::time::timeout;

use crate::{engine::Engine, fields::Fields, json::quoted};

/// Longest time that the answer to a probe is waited for.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// How the Messages API reaches the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagesSupport {
    /// It serves `/v1/messages` and heeds `chat_template_kwargs` there: vLLM from 0.20.
    Native,
    /// It does not, and gets chat completions in their place: vLLM up to 0.19.
    Translated,
}

/// What the last probe found.
#[derive(Debug, Default)]
pub(crate) struct ProbedSupport {
    translated: AtomicBool,
}

impl ProbedSupport {
    pub(crate) fn get(&self) -> MessagesSupport {
        if self.translated.load(Ordering::Relaxed) {
            MessagesSupport::Translated
        } else {
            MessagesSupport::Native
        }
    }

    /// Asks the engine, which serves `model`.
    pub(crate) async fn probe(&self, engine: &Engine, model: &str) {
        let found = timeout(PROBE_TIMEOUT, ask(engine, model)).await.ok().flatten();
        let Some(found) = found else {
            tracing::warn!(model, "the engine does not tell what it makes of /v1/messages");
            return;
        };
        tracing::info!(?found, model, "the engine's /v1/messages");
        let translated = found == MessagesSupport::Translated;
        self.translated.store(translated, Ordering::Relaxed);
    }
}

async fn ask(engine: &Engine, model: &str) -> Option<MessagesSupport> {
    const JSON: [(HeaderName, HeaderValue); 1] = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let model = quoted(model);
    let question =
        format!(r#"{{"model":{model},"messages":[{{"role":"user","content":"hi"}}],"chat_template_kwargs":1}}"#);
    let url = engine.url("/v1/messages/count_tokens");
    let answer = engine
        .post(&url, &Fields::from_iter(JSON), Bytes::from(question))
        .await
        .ok()?;
    match answer.status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Some(MessagesSupport::Native),
        StatusCode::OK | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(MessagesSupport::Translated),
        _ => None,
    }
}
