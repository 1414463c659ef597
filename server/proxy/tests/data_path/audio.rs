//! Transcriptions and translations: forms on their way to the engine, and what cannot be smuggled in them.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use worv_core::{
    key::{KeyGrant, KeySettings},
    usage::{Endpoint, Outcome},
};
use worv_proxy::{FORM_FIELDS, GatewayConfig, ModelProfile};
use worv_sim::engine::{Fault, FaultKind, Sim, SimOptions};

use crate::support::{Answer, Engine, KEY, Running, grant, keys};

const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";
const TRANSLATIONS: &str = "/v1/audio/translations";
const RECORDING: (&str, &str) = ("file\"; filename=\"a.wav", "RIFF....WAVE");
const LIVE: (&str, &str) = ("model", "live");
const STREAM: (&str, &str) = ("stream", "true");

/// A form, each part with its name and what it holds. A name can bring further parameters with it.
fn form(parts: &[(&str, &str)]) -> String {
    let parts = parts
        .iter()
        .map(|(name, value)| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    parts.collect::<String>() + "--x--\r\n"
}

fn post(running: &Running, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    running
        .client
        .post(format!("{}{path}", running.url))
        .bearer_auth(KEY)
        .header("content-type", "multipart/form-data; boundary=x")
        .body(body)
}

/// A gateway in front of a simulated engine that takes sound.
#[expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
async fn simulated() -> (Sim, Running) {
    let options = SimOptions {
        audio: true,
        ..SimOptions::instant()
    };
    let sim = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), options);
    let running = Running::start(sim.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    (sim, running)
}

/// The form that the engine received, with its boundary written as `B`.
#[expect(clippy::unwrap_used, reason = "a form without a boundary fails the test")]
fn received(head: &str, body: &str) -> String {
    let (_, boundary) = head.split_once("boundary=").unwrap();
    let boundary: String = boundary.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert_eq!(boundary.len(), 30, "{head}");
    body.replace(&boundary, "B")
}

#[tokio::test]
async fn the_engine_gets_a_form_of_ours_with_its_own_name_for_the_model() {
    let engine = Engine::start().await;
    let mut running = Running::start(engine.url()).await;
    running.serve("whisper", 448);
    let sent = form(&[
        ("prompt", "Names: Ann\r\n--y"),
        ("model", "claude-whatever"),
        ("brand_new", "1"),
        ("priority", "9"),
        ("n", "1"),
        ("timestamp_granularities[]", "word"),
        ("timestamp_granularities[]", "segment"),
        (
            "file\"; filename=\"a b.wav\"\r\nContent-Type: audio/wav\r\nX-Other: \"1",
            "RIFF....WAVE",
        ),
        ("temperature", "0.2"),
        ("max_completion_tokens", "99999"),
    ]);
    let answer = tokio::spawn(Answer::of(post(&running, TRANSCRIPTIONS, sent)));
    let mut exchange = engine.accept().await;
    assert!(
        exchange.head.starts_with(&format!("POST {TRANSCRIPTIONS} ")),
        "{}",
        exchange.head
    );
    let form = received(&exchange.head, &exchange.body);
    let part = |name: &str, rest: &str| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n");
    assert_eq!(
        form,
        [
            part("model", "\r\n\r\nwhisper"),
            part("prompt", "\r\n\r\nNames: Ann\r\n--y"),
            part("timestamp_granularities[]", "\r\n\r\nword"),
            part("timestamp_granularities[]", "\r\n\r\nsegment"),
            part("temperature", "\r\n\r\n0.2"),
            part("max_completion_tokens", "\r\n\r\n16384"),
            part(
                "file",
                "; filename=\"a b.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF....WAVE"
            ),
            "--B--\r\n".to_owned(),
        ]
        .concat()
    );
    let whole = r#"{"text":"Ann was here.","usage":{"type":"duration","seconds":2}}"#;
    exchange.answer("200 OK", "application/json", whole).await;
    assert_eq!(answer.await.unwrap().body, whole);
    let record = running.record().await;
    assert_eq!(
        (
            record.endpoint,
            record.outcome,
            &*record.requested_model,
            &*record.served_model
        ),
        (Endpoint::Transcriptions, Outcome::Done, "claude-whatever", "whisper")
    );
}

#[tokio::test]
async fn streams_are_relayed_and_counted_and_usage_is_shown_only_to_who_asked() {
    let (sim, mut running) = simulated().await;
    for (path, endpoint, object) in [
        (TRANSCRIPTIONS, Endpoint::Transcriptions, "transcription.chunk"),
        (TRANSLATIONS, Endpoint::Translations, "translation.chunk"),
    ] {
        let prompt = ("prompt", "Repeat: one two three");
        let plain = form(&[LIVE, prompt, STREAM, RECORDING]);
        let answer = Answer::of(post(&running, path, plain)).await;
        assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
        assert!(answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body);
        assert!(
            answer.body.contains(object) && !answer.body.contains("usage"),
            "{}",
            answer.body
        );
        let record = running.record().await;
        assert_eq!(
            (record.endpoint, record.outcome, record.stream),
            (endpoint, Outcome::Done, true)
        );
        assert!(record.prompt_tokens > 50 && record.completion_tokens > 0, "{record:?}");

        let asking = form(&[LIVE, prompt, STREAM, ("stream_include_usage", "True"), RECORDING]);
        let answer = Answer::of(post(&running, path, asking)).await;
        let shown = json!({
            "prompt_tokens": record.prompt_tokens,
            "total_tokens": record.prompt_tokens + record.completion_tokens,
            "completion_tokens": record.completion_tokens,
        });
        let last = answer.body.rsplit("\n\n").nth(2).unwrap();
        let last: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &shown));
        assert_eq!(answer.body.matches("\"usage\"").count(), 1);
        running.record().await;

        let whole = Answer::of(post(&running, path, form(&[LIVE, prompt, RECORDING]))).await;
        assert_eq!(whole.json()["text"], "one two three");
        running.record().await;
    }
    assert_eq!(sim.stats().finished, 6);
}

#[tokio::test]
async fn a_caller_that_leaves_and_an_engine_that_fails_end_it_as_elsewhere() {
    let (sim, mut running) = simulated().await;
    let fault = |kind| Some(Fault { after_tokens: 2, kind });
    sim.knobs().turn(|knobs| knobs.fault = fault(FaultKind::Close));
    let asking = || form(&[LIVE, STREAM, RECORDING]);
    let answer = Answer::of(post(&running, TRANSCRIPTIONS, asking())).await;
    assert!(answer.body.contains("engine_failed"), "{}", answer.body);
    let record = running.record().await;
    assert_eq!((record.outcome, record.completion_tokens), (Outcome::EngineFailed, 2));

    sim.knobs().turn(|knobs| knobs.fault = fault(FaultKind::Stall));
    let response = post(&running, TRANSCRIPTIONS, asking()).send().await.unwrap();
    sim.until(|stats| stats.generated_tokens >= 4).await;
    drop(response);
    sim.until(|stats| stats.aborted == 1).await;
    let record = running.record().await;
    assert_eq!((record.outcome, record.completion_tokens), (Outcome::ClientLeft, 2));
}

#[tokio::test]
async fn bad_forms_are_refused_with_the_reason_and_never_reach_the_engine() {
    let (sim, running) = simulated().await;
    let about = |status, param| (status, Some(param));
    let cases = [
        (form(&[LIVE]), about(400, "file")),
        (form(&[RECORDING]), about(400, "model")),
        (form(&[("model", ""), RECORDING]), about(400, "model")),
        (form(&[("model", "gpt-4o"), RECORDING]), about(404, "model")),
        (form(&[LIVE, ("model", "other"), RECORDING]), about(400, "model")),
        (form(&[("model", "other"), LIVE, RECORDING]), about(400, "model")),
        (form(&[LIVE, RECORDING, RECORDING]), about(400, "file")),
        (form(&[LIVE, ("stream", "maybe"), RECORDING]), about(400, "stream")),
        (form(&[LIVE, ("n", "2"), RECORDING]), about(400, "n")),
        (
            form(&[LIVE, ("use_beam_search", "True"), RECORDING]),
            about(400, "use_beam_search"),
        ),
        (
            form(&[LIVE, ("max_completion_tokens", "-1"), RECORDING]),
            about(400, "max_completion_tokens"),
        ),
        (form(&[LIVE, RECORDING]).replace("--x--", "--x"), (400, None)),
        ("{\"model\":\"live\"}".to_owned(), (400, None)),
        (String::new(), (400, None)),
    ];
    for (body, (status, param)) in cases {
        let answer = Answer::of(post(&running, TRANSCRIPTIONS, body.clone())).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status.as_u16(), error["param"].as_str()),
            (status, param),
            "{body:?} {error}"
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    for content_type in ["application/json", "multipart/mixed; boundary=x"] {
        let request = running.client.post(format!("{}{TRANSCRIPTIONS}", running.url));
        let request = request.bearer_auth(KEY).header("content-type", content_type);
        assert_eq!(Answer::of(request).await.status.as_u16(), 415, "{content_type}");
    }
    let without_key = running.client.post(format!("{}{TRANSCRIPTIONS}", running.url));
    assert_eq!(Answer::of(without_key).await.status.as_u16(), 401);
    assert_eq!(sim.stats().started, 0);
}

/// The simulated engine reads forms with another reader than the gateway's, and takes the last of several fields: a model
/// that only one of the two saw would not be the one that is live.
#[tokio::test]
async fn a_second_model_reaches_the_engine_in_no_disguise() {
    let (sim, running) = simulated().await;
    let hidden = "\r\n--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nother";
    let disguises = [
        form(&[
            LIVE,
            ("Model", "other"),
            ("model ", "other"),
            ("model[]", "other"),
            RECORDING,
        ]),
        form(&[LIVE, ("file\"; filename=\"a\\\"; name=\\\"model", "other")]),
        form(&[
            LIVE,
            ("x\"; filename*=\"UTF-8''a\"; y=\"; name=\\\"model\\\"", "other"),
            RECORDING,
        ]),
        form(&[LIVE, RECORDING, ("file2\"; filename=\"b.wav", "other")]),
        form(&[LIVE, ("file\"; filename=\"a.wav", &hidden.replace("--x", "--X"))]),
        form(&[
            LIVE,
            ("file\"; filename=\"a.wav", &hidden.replace("\r\n--x\r\n", "\n--x\n")),
        ]),
    ];
    for body in disguises {
        let answer = Answer::of(post(&running, TRANSCRIPTIONS, body.clone())).await;
        assert_eq!(answer.status.as_u16(), 200, "{body:?} {}", answer.body);
    }
    // Where it is a part of the form, it is the second one.
    let plain = form(&[LIVE, ("file\"; filename=\"a.wav", hidden)]);
    assert_eq!(
        Answer::of(post(&running, TRANSCRIPTIONS, plain)).await.status.as_u16(),
        400
    );
    for request in sim.requests() {
        let body = received(
            &format!("{:?}", request.headers),
            &String::from_utf8_lossy(&request.body),
        );
        let models = body.matches("--B\r\nContent-Disposition: form-data; name=\"model\"\r\n");
        assert_eq!(models.count(), 1, "{body}");
    }
}

#[tokio::test]
async fn an_engine_without_ears_is_known_by_a_probe_and_what_the_profile_says_goes_first() {
    let deaf = Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant());
    let running = Running::start(deaf.url()).await;
    running.serve("DeepSeek-V4-Pro", 262_144);
    let ask = || post(&running, TRANSLATIONS, form(&[LIVE, RECORDING]));
    let reached = || {
        deaf.requests()
            .iter()
            .filter(|request| request.uri.path() == TRANSLATIONS)
            .count()
    };
    // Before it has been asked, it says so itself.
    assert_eq!((Answer::of(ask()).await.status.as_u16(), reached()), (404, 1));
    running.gateway.probe_engine().await;
    let answer = Answer::of(ask()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["message"]),
        (404, &json!("The live model does not take audio."))
    );
    assert_eq!((deaf.stats().started, reached()), (0, 1));

    let profile = |audio| ModelProfile {
        audio,
        ..ModelProfile::of_model("DeepSeek-V4-Pro")
    };
    running.gateway.replace_profiles(vec![profile(Some(true))]);
    assert_eq!((Answer::of(ask()).await.status.as_u16(), reached()), (404, 2));

    let (hearing, running) = simulated().await;
    running.gateway.probe_engine().await;
    let ask = || post(&running, TRANSLATIONS, form(&[LIVE, RECORDING]));
    assert_eq!(Answer::of(ask()).await.status.as_u16(), 200);
    running.gateway.replace_profiles(vec![profile(Some(false))]);
    assert_eq!(
        (Answer::of(ask()).await.status.as_u16(), hearing.stats().started),
        (404, 1)
    );
}

#[tokio::test]
async fn a_recording_is_bounded_in_bytes_and_counts_by_the_window_until_it_has_been_heard() {
    let (sim, first) = simulated().await;
    let config = GatewayConfig {
        engine_url: sim.url(),
        max_body_bytes: 100_000,
        ..GatewayConfig::default()
    };
    drop(first);
    let running = Running::start_without_keys(config).await;
    running.serve("DeepSeek-V4-Pro", 4_096);
    let settings = KeySettings {
        budget_day: Some(5_000),
        ..KeySettings::default()
    };
    let holder = KeyGrant { settings, ..grant(1) };
    running.gateway.replace_keys(keys([(KEY, holder)]));
    let with_recording = |bytes: usize| form(&[LIVE, ("file\"; filename=\"a.wav", &"a".repeat(bytes))]);
    let answer = Answer::of(post(&running, TRANSCRIPTIONS, with_recording(99_000))).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    let answer = Answer::of(post(&running, TRANSCRIPTIONS, with_recording(100_000))).await;
    assert_eq!(answer.status.as_u16(), 413, "{}", answer.body);
}

#[tokio::test]
async fn every_field_that_is_listed_arrives_once() {
    let engine = Engine::start().await;
    let running = Running::start(engine.url()).await;
    running.serve("whisper", 448);
    let value = |name| match name {
        "model" => "live",
        "stream" | "stream_include_usage" | "stream_continuous_usage_stats" => "true",
        _ => "1",
    };
    let fields = FORM_FIELDS.map(|name| (name, value(name)));
    let answer = tokio::spawn(Answer::of(post(&running, TRANSCRIPTIONS, form(&fields))));
    let mut exchange = engine.accept().await;
    for name in FORM_FIELDS {
        let part = format!("; name=\"{name}\"");
        assert_eq!(exchange.body.matches(&part).count(), 1, "{name}: {}", exchange.body);
    }
    exchange.answer("200 OK", "application/json", "{}").await;
    answer.await.unwrap();
}
