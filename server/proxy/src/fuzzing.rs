//! What the fuzz targets call, and what must hold for any bytes. Compiled for fuzzing only.

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is how a target says what it has found"
)]

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use serde::de::IgnoredAny;
use tokio::time::Instant;
use worv_core::{
    Clock, Entropy, UnixMillis,
    id::RequestId,
    key::KeyId,
    usage::{ClientKind, Durable, Endpoint, UsageRecord, UsageSink},
};

use crate::{
    Gateway, GatewayConfig, ThinkingMap, chat_repair,
    envelope::{Envelope, StreamOptions},
    han,
    json::Object,
    media, messages_repair,
    messages_translation::{TranslatedStream, Translation},
    output_budget::{Limits, OutputBudget},
    relay::{Grammar, Relay},
    rewording::Rewording,
    settlement::{Admitted, Settlement},
    shield, thinking,
};

const LIMITS: Limits = Limits {
    window: 4_096,
    reserved: 512,
    max_output: 1_024,
};

/// A request's body: what is accepted is JSON to another parser too, and is JSON after every change that is made to it.
pub fn request(data: &[u8]) {
    let Ok(envelope) = Envelope::parse(data) else { return };
    let object = &envelope.object;
    assert!(serde_json::from_slice::<IgnoredAny>(data).is_ok());
    let _refused = media::check(object);
    let map = ThinkingMap::of_model("DeepSeek-V4-Pro");
    let mut edits = Vec::new();
    edits.extend(shield::edits(object).unwrap_or_default());
    edits.extend(thinking::edits(object, map.as_ref(), None, 2_000).unwrap_or_default());
    edits.extend(messages_repair::edits(object).unwrap_or_default());
    assert!(Object::parse(&object.with(&edits)).is_ok());
    if let Ok(Some(budget)) = OutputBudget::of(Endpoint::ChatCompletions, object, LIMITS) {
        edits = budget.edits(object, budget.wanted());
        edits.extend(chat_repair::edits(object));
        edits.extend(envelope.all_usage());
        assert!(Object::parse(&object.with(&edits)).is_ok());
    }
}

/// A stream from the engine: how it is cut into pieces changes nothing, and there is one record of it.
pub fn relay(data: &[u8]) {
    let Some((&[grammar, size], stream)) = data.split_first_chunk() else {
        return;
    };
    let whole = relayed(stream, stream.len().max(1), grammar);
    let pieces = relayed(stream, usize::from(size) + 1, grammar);
    assert_eq!(whole, pieces);
}

/// A Messages request, and a chat completion, whole and in chunks: what comes out is JSON. So is text without Han script.
pub fn translation(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let request_id = request_id();
    if let Ok(object) = Object::parse(text) {
        for translation in [Translation::Message, Translation::Count] {
            if let Ok(request) = translation.request(&object) {
                assert!(Object::parse(&request).is_ok());
            }
            if let Some(answer) = translation.answer(data, request_id) {
                assert!(serde_json::from_slice::<IgnoredAny>(&answer).is_ok());
            }
        }
        assert!(serde_json::from_slice::<IgnoredAny>(&han::strip(data)).is_ok());
    }
    let (mut stream, mut events) = (TranslatedStream::new(request_id), Vec::new());
    for line in text.lines() {
        let _taken = stream.chunk(line.as_bytes(), &mut events);
    }
    let last = stream.end(&mut events).unwrap_or_default();
    let written = [events, last].concat();
    let lines = written.split(|&byte| byte == b'\n');
    for json in lines.filter_map(|line| line.strip_prefix(b"data: ")) {
        assert!(serde_json::from_slice::<IgnoredAny>(json).is_ok());
    }
}

fn request_id() -> RequestId {
    RequestId::new(&Clock::manual(UnixMillis(0)), &Entropy::counted(0))
}

fn relayed(stream: &[u8], size: usize, grammar: u8) -> Bytes {
    let records = Arc::new(Records::default());
    let (sink, config) = (Arc::clone(&records), GatewayConfig::default());
    let gateway = Gateway::new(config, sink, Clock::System, Entropy::counted(0)).expect("the defaults are right");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let sent = runtime.expect("a runtime can be built").block_on(async {
        let admitted = Admitted {
            admission: None,
            request_id: request_id(),
            key: KeyId(1),
            endpoint: Endpoint::ChatCompletions,
            requested_model: String::new(),
            served_model: String::new(),
            stream: true,
            started_at: UnixMillis(0),
            started: Instant::now(),
            received: Instant::now(),
            queued: Duration::ZERO,
            client: ClientKind::Other,
            granted_tokens: None,
            clamped: false,
            prompt_estimate: 0,
            chat_user: None,
        };
        let settlement = Settlement::admit(&gateway, admitted);
        let upstream = Pieces(stream.chunks(size).map(Bytes::copy_from_slice).collect());
        let rewording = Rewording {
            echo: None,
            strips_han: grammar & 4 != 0,
        };
        let grammar = match grammar & 3 {
            0 => Grammar::chat(StreamOptions::default()),
            1 => Grammar::messages(request_id()),
            2 => Grammar::responses(),
            _ => Grammar::translated(request_id()),
        };
        let relay = Relay::new(
            upstream,
            grammar,
            settlement,
            request_id(),
            rewording,
            Duration::from_hours(1),
        );
        relay.collect().await.map(http_body_util::Collected::to_bytes)
    });
    assert_eq!(records.0.load(Ordering::Relaxed), 1);
    let Ok(sent) = sent;
    sent
}

/// Counts records.
#[derive(Default)]
struct Records(AtomicU32);

impl UsageSink for Records {
    fn record(&self, _: UsageRecord) -> Durable {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

/// An engine's answer in pieces.
struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}
