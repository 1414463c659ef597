//! A streamed completion.

use serde::Serialize;

use super::{
    super::{
        answer::Events,
        chat::request::StreamedUsage,
        generation::Batch,
        openai_stream::{DONE, OpenChoices, event, failure},
        quirks::Quirks,
        script::{Content, Finish},
        service::Engine,
        usage::{Tally, Usage},
    },
    request::CompletionRequest,
};

/// Writes the events of one answer.
pub(super) struct CompletionEvents {
    engine: Engine,
    quirks: Quirks,
    id: String,
    created: i64,
    fingerprint: Option<String>,
    tally: Tally,
    open: OpenChoices,
    usage: StreamedUsage,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<ChunkChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    text: String,
    logprobs: (),
    finish_reason: Option<&'static str>,
    stop_reason: Option<&'a str>,
    prompt_token_ids: (),
    token_ids: (),
}

impl CompletionEvents {
    pub(super) fn new(engine: &Engine, id: String, request: &CompletionRequest) -> Self {
        Self {
            quirks: engine.quirks(),
            id,
            created: engine.created(),
            fingerprint: engine.fingerprint(),
            tally: Tally::new(request.prompt_tokens(), request.choices()),
            open: OpenChoices::new(request.choices()),
            usage: request.usage,
            engine: engine.clone(),
        }
    }

    fn chunk<'a>(&'a self, choices: Vec<ChunkChoice<'a>>) -> Chunk<'a> {
        Chunk {
            id: &self.id,
            object: "text_completion",
            created: self.created,
            model: self.engine.model(),
            choices,
            usage: None,
            system_fingerprint: None,
        }
    }

    fn delta(&self, batch: &Batch) -> String {
        let texts = batch.contents.iter().filter_map(|content| match content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let mut chunk = self.chunk(vec![ChunkChoice {
            index: batch.choice,
            text: texts.collect(),
            logprobs: (),
            finish_reason: batch.finish.as_ref().map(Finish::as_str),
            stop_reason: batch.finish.as_ref().and_then(Finish::stop_text),
            prompt_token_ids: (),
            token_ids: (),
        }]);
        let counts = self.tally.of_choice(batch.choice as usize);
        if self.usage == StreamedUsage::Continuous {
            chunk.usage = Some(self.tally.streamed(counts, false, self.quirks));
        }
        if batch.finish.is_some() && self.usage == StreamedUsage::None {
            chunk.system_fingerprint = self.fingerprint.as_deref();
        }
        event(&chunk)
    }

    fn last_usage(&self) -> String {
        let mut chunk = self.chunk(Vec::new());
        chunk.usage = Some(self.tally.streamed(self.tally.total(), false, self.quirks));
        chunk.system_fingerprint = self.fingerprint.as_deref();
        event(&chunk)
    }
}

impl Events for CompletionEvents {
    fn batch(&mut self, batch: Batch) -> Vec<String> {
        self.tally.count(&batch);
        let mut events = vec![self.delta(&batch)];
        if self.open.close(&batch) {
            events.extend((self.usage != StreamedUsage::None).then(|| self.last_usage()));
            events.push(DONE.to_owned());
        }
        events
    }

    fn failure(&mut self) -> Option<Vec<String>> {
        Some(failure())
    }
}
