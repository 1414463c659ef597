//! A streamed transcription or translation.

use serde::Serialize;

use super::{
    super::{
        answer::Events,
        chat::request::StreamedUsage,
        generation::Batch,
        openai_stream::{DONE, event, failure},
        script::{Content, Finish},
        service::Engine,
        usage::{Tally, Usage},
    },
    Kind,
    request::SpeechRequest,
};

/// Writes the events of one answer.
pub(super) struct SpeechEvents {
    kind: Kind,
    engine: Engine,
    id: String,
    created: i64,
    tally: Tally,
    usage: StreamedUsage,
}

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Choice {
    delta: Delta,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<()>,
}

#[derive(Serialize)]
struct Delta {
    content: String,
}

impl SpeechEvents {
    pub(super) fn new(kind: Kind, engine: &Engine, id: String, request: &SpeechRequest) -> Self {
        Self {
            kind,
            id,
            created: engine.created(),
            tally: Tally::new(request.task.prompt_tokens, 1),
            usage: request.usage,
            engine: engine.clone(),
        }
    }

    fn chunk(&self, choices: Vec<Choice>, says_usage: bool) -> String {
        let quirks = self.engine.quirks();
        event(&Chunk {
            id: &self.id,
            object: self.kind.chunk_object(),
            created: self.created,
            model: self.engine.model(),
            choices,
            usage: says_usage.then(|| self.tally.streamed(self.tally.total(), false, quirks)),
        })
    }
}

impl Events for SpeechEvents {
    fn batch(&mut self, batch: Batch) -> Vec<String> {
        self.tally.count(&batch);
        let texts = batch.contents.iter().filter_map(|content| match content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let choice = Choice {
            delta: Delta {
                content: texts.collect(),
            },
            finish_reason: batch.finish.as_ref().map(Finish::as_str),
            // Written, as null, where there is an end.
            stop_reason: batch.finish.as_ref().map(|_| ()),
        };
        let mut events = vec![self.chunk(vec![choice], self.usage == StreamedUsage::Continuous)];
        if batch.finish.is_some() {
            events.extend((self.usage != StreamedUsage::None).then(|| self.chunk(Vec::new(), true)));
            events.push(DONE.to_owned());
        }
        events
    }

    fn failure(&mut self) -> Option<Vec<String>> {
        Some(failure())
    }
}
