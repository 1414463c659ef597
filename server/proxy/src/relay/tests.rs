use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use proptest::prelude::*;
use tokio::sync::watch;
use worv_core::{
    Clock, Entropy, UnixMillis,
    key::KeyId,
    usage::{ClientKind, Endpoint, UsageRecord, UsageSink},
};

use super::*;
use crate::{Gateway, GatewayConfig, envelope::StreamOptions, settlement::Admitted};

/// Keeps records, and calls them safe when told so.
struct Sink {
    records: Mutex<Vec<UsageRecord>>,
    safe: watch::Sender<bool>,
}

impl UsageSink for Sink {
    fn record(&self, usage: UsageRecord) -> Durable {
        self.records.lock().unwrap().push(usage);
        let mut safe = self.safe.subscribe();
        Box::pin(async move { drop(safe.wait_for(|safe| *safe).await) })
    }
}

impl Sink {
    fn new(safe: bool) -> Arc<Self> {
        Arc::new(Self {
            records: Mutex::default(),
            safe: watch::Sender::new(safe),
        })
    }

    /// Outcome, prompt tokens and completion tokens of the one record.
    fn only_record(&self) -> (Outcome, u64, u64) {
        let records = self.records.lock().unwrap();
        assert_eq!(records.len(), 1);
        (
            records[0].outcome,
            records[0].prompt_tokens,
            records[0].completion_tokens,
        )
    }
}

fn request_id() -> RequestId {
    RequestId::new(&Clock::manual(UnixMillis(0)), &Entropy::counted(0))
}

fn relay(sink: &Arc<Sink>, upstream: reqwest::Body, grammar: Grammar) -> Relay<reqwest::Body> {
    let sink: Arc<dyn UsageSink> = sink.clone();
    let gateway = Gateway::new(GatewayConfig::default(), sink, Clock::System, Entropy::counted(0)).unwrap();
    let admitted = Admitted {
        admission: None,
        request_id: request_id(),
        key: KeyId(1),
        endpoint: Endpoint::ChatCompletions,
        requested_model: "live".to_owned(),
        served_model: "live".to_owned(),
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
    Relay::new(
        upstream,
        grammar,
        settlement,
        request_id(),
        Rewording::default(),
        Duration::from_secs(15),
    )
}

fn upstream<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> reqwest::Body {
    let chunks: Vec<_> = chunks.into_iter().map(Bytes::copy_from_slice).collect();
    reqwest::Body::wrap_stream(stream::iter(chunks.into_iter().map(Ok::<_, Infallible>)))
}

/// Everything that the caller gets of an answer in these chunks, and the record.
async fn relayed<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, grammar: Grammar) -> (String, (Outcome, u64, u64)) {
    let sink = Sink::new(true);
    let sent = relay(&sink, upstream(chunks), grammar)
        .collect()
        .await
        .unwrap()
        .to_bytes();
    (String::from_utf8(sent.to_vec()).unwrap(), sink.only_record())
}

fn chat(include_usage: bool, continuous_usage_stats: bool) -> Grammar {
    Grammar::chat(StreamOptions {
        include_usage,
        continuous_usage_stats,
    })
}

const ROLE: &str = r#"data: {"id":"chatcmpl-1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]"#;
const TEXT: &str = r#"data: {"id":"chatcmpl-1","model":"m","choices":[{"index":0,"delta":{"content":"say \",\"usage\":{\" 你"},"logprobs":null,"finish_reason":null}]"#;
const TOTAL: &str = r#"data: {"id":"chatcmpl-1","model":"m","choices":[]"#;
const DONE: &str = "data: [DONE]\n\n";

fn usage(completion: u64) -> String {
    format!(
        r#","usage":{{"prompt_tokens":7,"total_tokens":{},"completion_tokens":{completion}}}"#,
        7 + completion
    )
}

/// A stream as the engine sends it when asked for everything.
fn chat_stream() -> String {
    let (none, some) = (usage(0), usage(3));
    format!("{ROLE}{none}}}\n\n: comment\n\n{TEXT}{some}}}\n\n{TOTAL}{some}}}\n\n{DONE}")
}

#[tokio::test]
async fn a_caller_sees_the_usage_that_it_asked_for() {
    let (none, some) = (usage(0), usage(3));
    let cases = [
        (
            chat(false, false),
            format!("{ROLE}}}\n\n: comment\n\n{TEXT}}}\n\n{DONE}"),
        ),
        (
            chat(true, false),
            format!("{ROLE}}}\n\n: comment\n\n{TEXT}}}\n\n{TOTAL}{some}}}\n\n{DONE}"),
        ),
        (
            chat(true, true),
            format!("{ROLE}{none}}}\n\n: comment\n\n{TEXT}{some}}}\n\n{TOTAL}{some}}}\n\n{DONE}"),
        ),
    ];
    for (grammar, expected) in cases {
        let (sent, record) = relayed([chat_stream().as_bytes()], grammar).await;
        assert_eq!(sent, expected);
        assert_eq!(record, (Outcome::Done, 7, 3));
    }
}

#[tokio::test]
async fn usage_is_found_wherever_it_stands_and_never_in_text() {
    let elsewhere = r#"data: {"choices":[{}],"usage":{"prompt_tokens":7,"completion_tokens":3},"x":{"usage":1}}"#;
    let (sent, record) = relayed([format!("{elsewhere}\n\n{DONE}").as_bytes()], chat(false, false)).await;
    assert_eq!(
        sent,
        format!("data: {}\n\n{DONE}", r#"{"choices":[{}],"x":{"usage":1}}"#)
    );
    assert_eq!(record, (Outcome::Done, 7, 3));

    let null = r#"data: {"choices":[{}],"usage":null}"#;
    let (sent, _) = relayed([format!("{null}\n\n{DONE}").as_bytes()], chat(false, false)).await;
    assert_eq!(sent, format!("data: {}\n\n{DONE}", r#"{"choices":[{}]}"#));
}

#[tokio::test]
async fn reasoning_comes_under_both_names_with_and_without_usage() {
    let chunk = r#"data: {"choices":[{"index":0,"delta":{"reasoning":"so"}}]"#;
    let both = r#"data: {"choices":[{"index":0,"delta":{"reasoning":"so","reasoning_content":"so"}}]"#;
    let usage = usage(1);
    let stream = format!("{chunk}{usage}}}\n\n{chunk}}}\n\n{DONE}");
    let (sent, _) = relayed([stream.as_bytes()], chat(false, false)).await;
    assert_eq!(sent, format!("{both}}}\n\n{both}}}\n\n{DONE}"));
    let (sent, _) = relayed([stream.as_bytes()], chat(true, true)).await;
    assert_eq!(sent, format!("{both}{usage}}}\n\n{both}}}\n\n{DONE}"));
}

#[tokio::test]
async fn an_engine_without_running_usage_is_counted_by_chunks() {
    let (sent, record) = relayed([format!("{TEXT}}}\n\n{TEXT}}}\n\n").as_bytes()], chat(false, false)).await;
    assert!(
        sent.starts_with(&format!("{TEXT}}}\n\n{TEXT}}}\n\ndata: {{\"error\":{{")),
        "{sent}"
    );
    assert!(sent.ends_with("}}\n\ndata: [DONE]\n\n"), "{sent}");
    assert_eq!(record, (Outcome::EngineFailed, 0, 2));
}

#[tokio::test]
async fn an_error_in_a_chat_stream_is_passed_on_and_blamed() {
    for (code, outcome) in [(400, Outcome::RefusedByEngine), (500, Outcome::EngineFailed)] {
        let stream = format!("data: {{\"error\":{{\"message\":\"no\",\"code\":{code}}}}}\n\n{DONE}");
        let (sent, record) = relayed([stream.as_bytes()], chat(false, false)).await;
        assert_eq!((sent, record.0), (stream, outcome));
    }
}

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"usage\":{\"input_tokens\":9,\"output_tokens\":0}}}\n\n";
const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n";
const SIGNATURE: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"ab\"}}\n\n";
const LAST_DELTA: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"input_tokens\":9,\"output_tokens\":5}}\n\n";
const STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

#[tokio::test]
async fn messages_pass_untouched_and_are_counted() {
    let stream = [START, DELTA, SIGNATURE, LAST_DELTA, STOP].concat();
    let (sent, record) = relayed([stream.as_bytes()], Grammar::messages(request_id())).await;
    assert_eq!((sent, record), (stream, (Outcome::Done, 9, 5)));
}

#[tokio::test]
async fn a_start_without_type_and_role_gets_them() {
    let bare = START.replace(",\"type\":\"message\",\"role\":\"assistant\"", "");
    let (sent, record) = relayed([bare.as_bytes(), STOP.as_bytes()], Grammar::messages(request_id())).await;
    let message =
        "{\"id\":\"m\",\"usage\":{\"input_tokens\":9,\"output_tokens\":0},\"type\":\"message\",\"role\":\"assistant\"}";
    let expected =
        format!("event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{message}}}\n\n{STOP}");
    assert_eq!((sent, record.1), (expected, 9));
}

#[tokio::test]
async fn messages_that_break_off_end_in_an_error_event() {
    let stream = [START, DELTA, DELTA, SIGNATURE].concat();
    let (sent, record) = relayed([stream.as_bytes()], Grammar::messages(request_id())).await;
    let error = sent.strip_prefix(&stream).unwrap();
    assert!(
        error.starts_with("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","),
        "{error}"
    );
    assert_eq!(record, (Outcome::EngineFailed, 9, 2));
}

#[tokio::test]
async fn an_error_event_speaks_anthropics_vocabulary() {
    let error =
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"BadRequestError\",\"message\":\"no\"}}\n\n";
    let (sent, record) = relayed([START.as_bytes(), error.as_bytes()], Grammar::messages(request_id())).await;
    let expected = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"no\"},\"request_id\":";
    assert!(sent.strip_prefix(START).unwrap().starts_with(expected), "{sent}");
    assert_eq!(record.0, Outcome::RefusedByEngine);
}

#[tokio::test]
async fn the_last_event_waits_for_the_record_and_nothing_else_does() {
    let sink = Sink::new(false);
    let mut body = relay(&sink, upstream([chat_stream().as_bytes()]), chat(false, false));
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, format!("{ROLE}}}\n\n: comment\n\n{TEXT}}}\n\n"));
    assert!(body.frame().now_or_never().is_none());
    assert_eq!(sink.only_record().0, Outcome::Done);
    sink.safe.send_replace(true);
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), DONE);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_recorded_as_left_with_what_was_generated() {
    let sink = Sink::new(true);
    let chunks = stream::iter([Ok::<_, Infallible>(format!("{TEXT}{}}}\n\n", usage(2)))]).chain(stream::pending());
    let mut body = relay(&sink, reqwest::Body::wrap_stream(chunks), chat(false, false));
    assert!(body.frame().await.is_some());
    assert!(body.frame().now_or_never().is_none());
    drop(body);
    assert_eq!(sink.only_record(), (Outcome::ClientLeft, 7, 2));
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_every_fifteen_seconds_and_only_then() {
    let sink = Sink::new(true);
    let chunks = stream::once(async {
        sleep(Duration::from_secs(20)).await;
        Ok::<_, Infallible>(START)
    });
    let mut body = relay(
        &sink,
        reqwest::Body::wrap_stream(chunks.chain(stream::pending())),
        Grammar::messages(request_id()),
    );
    let began = Instant::now();
    let mut sent = Vec::new();
    for _ in 0..4 {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        sent.push((began.elapsed().as_secs(), frame));
    }
    let ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    let expected = [(15, ": keep-alive\n\n"), (20, START), (35, ping), (50, ping)];
    assert_eq!(sent, expected.map(|(second, text)| (second, Bytes::from(text))));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_close_after_the_end_does_not_hold_the_caller() {
    let sink = Sink::new(true);
    let chunks = stream::iter([Ok::<_, Infallible>(STOP)]).chain(stream::pending());
    let body = relay(
        &sink,
        reqwest::Body::wrap_stream(chunks),
        Grammar::messages(request_id()),
    );
    assert_eq!(body.collect().await.unwrap().to_bytes(), STOP);
}

#[tokio::test]
async fn whole_events_are_not_copied() {
    let chunk = Bytes::from([START, DELTA, DELTA].concat());
    let chunks = stream::iter([Ok::<_, Infallible>(chunk.clone())]).chain(stream::pending());
    let mut body = relay(
        &Sink::new(true),
        reqwest::Body::wrap_stream(chunks),
        Grammar::messages(request_id()),
    );
    let sent = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!((sent.as_ptr(), sent.len()), (chunk.as_ptr(), chunk.len()));
}

proptest! {
    #[test]
    fn chunking_changes_nothing_the_caller_sees(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..16), messages: bool) {
        let stream = if messages { [START, DELTA, LAST_DELTA, STOP].concat() } else { chat_stream() };
        let grammar = || if messages { Grammar::messages(request_id()) } else { chat(true, false) };
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).chain([0, stream.len()]).collect();
        cuts.sort_unstable();
        let chunks = cuts.windows(2).map(|cut| &stream.as_bytes()[cut[0]..cut[1]]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let in_pieces = runtime.block_on(relayed(chunks, grammar()));
        let in_one = runtime.block_on(relayed([stream.as_bytes()], grammar()));
        prop_assert_eq!(in_pieces, in_one);
    }
}

/// Streams of any bytes end, with one record, and without a panic.
#[tokio::test]
async fn rubbish_from_the_engine_is_a_failure_like_any_other() {
    for rubbish in [
        "",
        "\n\n\n\n",
        "data: {\n\n",
        "data: {\"usage\":1}\n\n",
        "event: message_start\n\n",
        "data: \u{0}\r\n\r\n",
    ] {
        for grammar in [chat(false, false), Grammar::messages(request_id())] {
            let (sent, record) = relayed([rubbish.as_bytes()], grammar).await;
            assert!(sent.contains("\"error\""), "{rubbish:?} {sent:?}");
            assert_eq!(record.0, Outcome::EngineFailed);
        }
    }
}
