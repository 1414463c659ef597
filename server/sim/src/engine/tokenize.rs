//! `POST /tokenize`.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    chat::request,
    errors::ApiError,
    fields::{self, Fields},
    prompt::Prompt,
    service::Engine,
    tokens,
};

/// Ids are below this, the size of DeepSeek V4's vocabulary.
const VOCABULARY: u64 = 129_280;

#[derive(Serialize)]
struct Tokenized {
    count: usize,
    max_model_len: u64,
    tokens: Vec<u64>,
    token_strs: Option<Vec<String>>,
}

/// Counts the tokens of a text or a conversation, however long.
pub(super) async fn tokenize(State(engine): State<Engine>, headers: HeaderMap, body: Bytes) -> Response {
    match count(&engine, &headers, &body) {
        Ok(tokenized) => Json(tokenized).into_response(),
        Err(error) => error.openai_response(),
    }
}

fn count(engine: &Engine, headers: &HeaderMap, body: &[u8]) -> Result<Tokenized, ApiError> {
    let body = fields::parse(headers, body)?;
    let mut fields = Fields::new(&body)?;
    let model = fields.text("model");
    let text = fields.text("prompt");
    let messages = fields.list("messages");
    let tools = fields.list("tools");
    let template = fields.object("chat_template_kwargs");
    let wants_texts = fields.boolean("return_token_strs").unwrap_or(false);
    if text.is_none() && fields.get("messages").is_none() {
        fields.missing(vec!["prompt"], &body);
        fields.missing(vec!["messages"], &body);
    }
    fields.finish()?;
    engine.check_model(model)?;
    let thinking = request::thinks(template, None, engine.quirks());
    let prompt = match text {
        Some(text) => Prompt::from_text(text),
        None => request::conversation(messages, tools, None),
    };
    let mut texts: Vec<String> = prompt
        .turns
        .iter()
        .flat_map(|turn| tokens::split(&turn.text))
        .map(str::to_owned)
        .collect();
    // The template's own tokens stand where they may; what counts is how many they are.
    let all = usize::try_from(prompt.tokens(thinking)).unwrap_or(usize::MAX);
    texts.resize(all, "<|template|>".to_owned());
    Ok(Tokenized {
        count: texts.len(),
        max_model_len: engine.window(),
        tokens: texts.iter().map(|text| id(text)).collect(),
        token_strs: wants_texts.then_some(texts),
    })
}

fn id(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish() % VOCABULARY
}
