//! Trying an engine out before anybody is sent to it.

use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use crate::{
    engine::{EngineConfig, NAME},
    http::{Neighbour, join},
};

/// How long the first answer may take: kernels are compiled and graphs captured for it.
const WARM_UP: Duration = Duration::from_mins(10);

/// How long the smoke test may take.
const SMOKE_TEST: Duration = Duration::from_mins(1);

/// Asks an engine for answers.
pub(super) struct Trial {
    config: EngineConfig,
    url: Url,
}

impl Trial {
    pub(super) fn new(config: &EngineConfig) -> Self {
        Self {
            config: config.clone(),
            url: join(&config.url, &["v1", "chat", "completions"]),
        }
    }

    /// Has it compute its first token.
    ///
    /// # Errors
    /// In words, as a sentence.
    pub(super) async fn warm_up(&self, model: &str) -> Result<(), String> {
        self.ask(model, 1, WARM_UP).await.map(|_| ())
    }

    /// Asks for a short answer, and looks whether it is one.
    ///
    /// # Errors
    /// In words, as a sentence.
    pub(super) async fn smoke_test(&self, model: &str) -> Result<(), String> {
        let answer = self.ask(model, 16, SMOKE_TEST).await?;
        let complaint = complaint(&answer, model);
        complaint.map_or(Ok(()), |complaint| {
            Err(format!("The smoke test failed: the engine's answer {complaint}."))
        })
    }

    async fn ask(&self, model: &str, max_tokens: u32, patience: Duration) -> Result<Value, String> {
        let question = json!({
            "model": model,
            "max_tokens": max_tokens,
            "messages": [{"role": "user", "content": "Reply with one word: pong"}],
        });
        let engine = Neighbour::new(NAME, patience)
            .map_err(|error| format!("The engine cannot be asked: {error}."))?
            .with_api_key(self.config.api_key.clone());
        engine.post(&self.url, &question).await.map_err(|trouble| trouble.words)
    }
}

/// What is wrong with an answer; none if nothing is.
fn complaint(answer: &Value, model: &str) -> Option<String> {
    let served = answer["model"].as_str().unwrap_or_default();
    if !served.eq_ignore_ascii_case(model) {
        return Some(format!("is from {served:?} and not from {model:?}"));
    }
    let message = &answer["choices"][0]["message"];
    let says_something = ["content", "reasoning", "reasoning_content"]
        .iter()
        .any(|field| message[field].as_str().is_some_and(|text| !text.is_empty()));
    if !says_something {
        return Some("says nothing".to_owned());
    }
    let counted = answer["usage"]["completion_tokens"].as_u64().unwrap_or(0);
    (counted == 0).then(|| "does not count its tokens".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(model: &str, text: &str, tokens: u64) -> Value {
        json!({
            "model": model,
            "choices": [{"message": {"role": "assistant", "content": null, "reasoning": text}}],
            "usage": {"completion_tokens": tokens},
        })
    }

    #[test]
    fn a_sensible_answer_is_under_the_right_name_says_something_and_counts() {
        assert_eq!(complaint(&answer("alpha", "pong", 1), "Alpha"), None);
        for (answer, says) in [
            (answer("Beta", "pong", 1), "from \"Beta\""),
            (answer("Alpha", "", 1), "says nothing"),
            (answer("Alpha", "pong", 0), "does not count"),
            (json!([]), "from \"\""),
        ] {
            let complaint = complaint(&answer, "Alpha").unwrap();
            assert!(complaint.contains(says), "{complaint}");
        }
    }
}
