//! Asks the engine how long a prompt is, remembers the last answers, and falls back to an estimate.

use std::{
    borrow::Cow,
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    ops::RangeInclusive,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue,
    header::{CONTENT_TYPE, HeaderName},
};
use reqwest::Url;
use serde::Deserialize;
use tokio::time::timeout;
use worv_core::usage::Endpoint;

use crate::{
    body::read_answer,
    engine::Engine,
    engine_complaint::overflow_in,
    fields::Fields,
    json::{Edit, Object, quoted},
    messages_repair,
    messages_support::MessagesSupport,
    messages_translation::Translation,
    output_budget::PromptLength,
    responses_words::Words,
};

/// Longest time that a request waits to have its prompt counted.
const COUNT_TIMEOUT: Duration = Duration::from_secs(3);

/// Counts that are remembered: a caller who asks again for a shorter answer is not counted twice.
const REMEMBERED: usize = 64;

/// Bytes of a body for each token, in thousandths, before anything has been counted: English text has about 4,
/// and guessing low makes the estimate too long rather than too short.
const FIRST_BYTES_PER_TOKEN: u64 = 3_000;

/// What a count may make of it: no tokenizer has fewer bytes for a token, nor text with more.
const BYTES_PER_TOKEN: RangeInclusive<u64> = 1_000..=6_000;

/// Counts prompts.
#[derive(Debug)]
pub(crate) struct PromptCounter {
    tokenize: Url,
    count_tokens: Url,
    hasher: RandomState,
    /// Hashes of what was counted, with the counts, newest last. Held for a look-up only, never across a wait.
    remembered: Mutex<VecDeque<(u64, u64)>>,
    /// Bytes for each token in thousandths, as counts have shown.
    bytes_per_token: AtomicU64,
}

/// A prompt whose length is asked for.
pub(crate) struct Question<'a> {
    pub(crate) endpoint: Endpoint,
    /// The request.
    pub(crate) object: &'a Object<'a>,
    /// The model that is to run it.
    pub(crate) model: &'a str,
    /// What the chat template is told.
    pub(crate) kwargs: Option<&'a str>,
    /// What the engine makes of `/v1/messages`.
    pub(crate) messages: MessagesSupport,
}

#[derive(Deserialize)]
struct Count {
    #[serde(alias = "input_tokens")]
    count: u64,
}

impl PromptCounter {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            tokenize: engine.url("/tokenize"),
            count_tokens: engine.url("/v1/messages/count_tokens"),
            hasher: RandomState::new(),
            remembered: Mutex::default(),
            bytes_per_token: AtomicU64::new(FIRST_BYTES_PER_TOKEN),
        }
    }

    /// The length of a prompt.
    pub(crate) async fn count(&self, engine: &Engine, asked: &Question<'_>) -> PromptLength {
        let question = match asked.endpoint {
            Endpoint::Messages => self.question_of_messages(asked),
            Endpoint::Responses => {
                let words = Words::of(asked.object);
                let (url, question) = self.question_of_words(asked, &words);
                return match self.known_or_asked(engine, url, question, asked).await {
                    PromptLength::Counted(tokens) => words.length(tokens),
                    estimated => estimated,
                };
            }
            _ => self.question(asked),
        };
        match question {
            Some((url, question)) => self.known_or_asked(engine, url, question, asked).await,
            None => PromptLength::Estimated(self.estimate_of(asked.object)),
        }
    }

    /// About how many tokens a request's prompt has, by nothing but its bytes.
    pub(crate) fn estimate_of(&self, object: &Object<'_>) -> u64 {
        self.estimate(object.text().len() as u64)
    }

    /// The count that the engine gives or has given, or an estimate.
    async fn known_or_asked(&self, engine: &Engine, url: &Url, question: String, asked: &Question<'_>) -> PromptLength {
        let hash = self.hasher.hash_one(&question);
        let known = self
            .remembered()
            .iter()
            .find(|(known, _)| *known == hash)
            .map(|(_, count)| *count);
        if let Some(count) = known {
            return PromptLength::Counted(count);
        }
        let bytes = question.len() as u64;
        if let Ok(Some(count)) = timeout(COUNT_TIMEOUT, engine_says(engine, url, question.into())).await {
            // The bytes of media say nothing of their tokens.
            self.remember(hash, count, (!asked.object.seen().media).then_some(bytes));
            return PromptLength::Counted(count);
        }
        tracing::warn!("the engine did not count a prompt: its length is estimated");
        PromptLength::Estimated(self.estimate(bytes))
    }

    fn estimate(&self, bytes: u64) -> u64 {
        bytes * 1_000 / self.bytes_per_token.load(Ordering::Relaxed)
    }

    /// The same for Responses, whose turns the engine has no way to count: their words as one text.
    fn question_of_words(&self, asked: &Question<'_>, words: &Words) -> (&Url, String) {
        let question = [
            ("model", Some(quoted(asked.model).into())),
            ("prompt", Some(quoted(words.text()).into())),
        ];
        (&self.tokenize, Object::empty().with(&question))
    }

    /// Where to ask, and the members of the request that make up the prompt; none where the engine has no way to count.
    fn question(&self, asked: &Question<'_>) -> Option<(&Url, String)> {
        let (url, members): (_, &[&'static str]) = match asked.endpoint {
            Endpoint::ChatCompletions => (&self.tokenize, &["messages", "tools"]),
            Endpoint::Completions => (&self.tokenize, &["prompt"]),
            Endpoint::Messages
            | Endpoint::Responses
            | Endpoint::CountTokens
            | Endpoint::Embeddings
            | Endpoint::Rerank
            | Endpoint::Score
            | Endpoint::Transcriptions
            | Endpoint::Translations
            | Endpoint::Other => return None,
        };
        Some((url, members_of(asked.object, asked, members)))
    }

    /// The same for Messages, with the repairs without which the engine would refuse to count.
    fn question_of_messages(&self, asked: &Question<'_>) -> Option<(&Url, String)> {
        let repaired = asked.object.with(&messages_repair::edits(asked.object).ok()?);
        let members = ["messages", "system", "tools", "tool_choice"];
        let question = members_of(&Object::parse(&repaired).ok()?, asked, &members);
        match asked.messages {
            MessagesSupport::Native => Some((&self.count_tokens, question)),
            MessagesSupport::Translated => {
                let question = Translation::Count.request(&Object::parse(&question).ok()?).ok()?;
                Some((&self.tokenize, question))
            }
        }
    }

    /// Remembers a count, and what it says of how many bytes a token has.
    fn remember(&self, hash: u64, count: u64, bytes: Option<u64>) {
        let mut remembered = self.remembered();
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back((hash, count));
        drop(remembered);
        if let Some(observed) = bytes.and_then(|bytes| (bytes * 1_000).checked_div(count)) {
            let observed = observed.clamp(*BYTES_PER_TOKEN.start(), *BYTES_PER_TOKEN.end());
            // A quarter of each new observation: one odd prompt does not spoil the next estimate.
            let before = self.bytes_per_token.load(Ordering::Relaxed);
            self.bytes_per_token
                .store((before * 3 + observed) / 4, Ordering::Relaxed);
        }
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, VecDeque<(u64, u64)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Some members of a request, with the model that is to run it and what the template is told.
fn members_of(object: &Object<'_>, asked: &Question<'_>, members: &[&'static str]) -> String {
    let present = members
        .iter()
        .filter_map(|&name| Some((name, Some(Cow::Borrowed(object.get(name)?)))));
    let mut question: Vec<Edit<'_>> = vec![("model", Some(quoted(asked.model).into()))];
    question.extend(present);
    question.extend(
        asked
            .kwargs
            .map(|kwargs| ("chat_template_kwargs", Some(Cow::Borrowed(kwargs)))),
    );
    Object::empty().with(&question)
}

/// The engine's count; none if it gives none. A prompt beyond the window is an error to some versions, with the length in its text.
async fn engine_says(engine: &Engine, url: &Url, question: Bytes) -> Option<u64> {
    const JSON: [(HeaderName, HeaderValue); 1] = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let answer = engine.post(url, &Fields::from_iter(JSON), question).await.ok()?;
    let status = answer.status;
    let body = read_answer(&answer.fields, answer.body).await.ok()?;
    if status.is_success() {
        return serde_json::from_slice(&body).ok().map(|count: Count| count.count);
    }
    overflow_in(&body).map(|overflow| overflow.prompt)
}
