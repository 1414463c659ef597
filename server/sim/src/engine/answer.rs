//! Turns generated batches into an HTTP answer, streamed or whole; the dialects say how.

use std::io;

use axum::{
    body::Body,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{
    generation::{Batch, Broken},
    script::{Content, Finish},
};

/// How a dialect writes a stream. Each text is one event, complete with its empty line.
pub(super) trait Events: Send + 'static {
    /// The events that are sent before anything is generated.
    fn opening(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// The events for a batch; after the last batch also those that end the stream.
    fn batch(&mut self, batch: Batch) -> Vec<String>;

    /// The events that tell of a failure; none if the dialect breaks the connection instead.
    fn failure(&mut self) -> Option<Vec<String>>;
}

/// One choice, whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub reasoning: String,
    pub text: String,
    pub calls: Vec<Call>,
    pub finish: Option<Finish>,
    pub generated: u64,
    pub reasoning_tokens: u64,
}

/// A call of a tool, whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub name: String,
    pub arguments: String,
}

/// Put on a response, this breaks the connection instead of answering.
#[derive(Clone, Copy, Debug)]
pub(super) struct BreakConnection;

/// A stream of events. The head of the answer goes out at once, as vLLM's does; the first event when there is one.
pub(super) fn stream(batches: BoxStream<'static, Result<Batch, Broken>>, mut events: impl Events) -> Response {
    let opening = events.opening().into_iter().map(|frame| Ok(Bytes::from(frame)));
    let opening = stream::iter(opening.collect::<Vec<_>>());
    let frames = batches.flat_map(move |batch| {
        let frames = match batch {
            Ok(batch) => Some(events.batch(batch)),
            Err(Broken::Failed) => events.failure(),
            Err(Broken::Closed) => None,
        };
        let frames = match frames {
            Some(frames) => frames.into_iter().map(|frame| Ok(Bytes::from(frame))).collect(),
            None => vec![Err(io::Error::from(io::ErrorKind::ConnectionAborted))],
        };
        stream::iter(frames)
    });
    let mut response = Body::from_stream(opening.chain(frames)).into_response();
    let content_type = HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// All choices, whole.
pub(super) async fn collect(
    mut batches: BoxStream<'static, Result<Batch, Broken>>,
    choices: u32,
) -> Result<Vec<Choice>, Broken> {
    let mut whole = vec![Choice::default(); choices as usize];
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        if let Some(choice) = whole.get_mut(batch.choice as usize) {
            choice.add(batch);
        }
    }
    Ok(whole)
}

/// A response that is never sent: the connection breaks.
pub(super) fn broken_connection() -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(BreakConnection);
    response
}

impl Choice {
    fn add(&mut self, batch: Batch) {
        for content in batch.contents {
            match content {
                Content::Reasoning(text) => self.reasoning += &text,
                Content::Text(text) => self.text += &text,
                Content::ToolName { name, .. } => self.calls.push(Call {
                    name,
                    arguments: String::new(),
                }),
                Content::ToolArguments { index, json } => {
                    if let Some(call) = self.calls.get_mut(index) {
                        call.arguments += &json;
                    }
                }
                Content::Mark => {}
            }
        }
        self.finish = batch.finish.or(self.finish.take());
        self.generated = batch.generated;
        self.reasoning_tokens = batch.reasoning;
    }
}
