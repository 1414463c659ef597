//! Every recorded request, put to the simulator: it must answer as the real vLLM did, field by field.
//!
//! What may differ is what a model or a clock decides: ids, times, texts and counts. Statuses, headers, the order of
//! events, the order of fields, what is null and what is absent, and the words of errors may not.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use reqwest::{Client, Method, header::HeaderMap};
use serde::Deserialize;
use tokio::net::TcpListener;
use worv_sim::engine::{Fault, FaultKind, Sim, SimOptions};

use crate::shape::Shape;

#[derive(Deserialize)]
struct Recording {
    request: RecordedRequest,
    response: RecordedResponse,
}

#[derive(Deserialize)]
struct RecordedRequest {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct RecordedResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    cut: bool,
}

/// An answer with what may differ taken out.
#[derive(Debug, PartialEq)]
struct Framing {
    status: u16,
    headers: Vec<(String, String)>,
    cut: bool,
    events: Vec<String>,
}

/// Headers that are compared; the others are of the moment or of the connection.
const HEADERS: [&str; 5] = ["allow", "content-type", "server", "transfer-encoding", "vary"];

#[tokio::test]
async fn the_simulator_answers_as_the_real_one_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/0.32.0");
    let mut names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut differences = String::new();
    for path in &names {
        let name = path.file_stem().unwrap().to_string_lossy();
        if name == "get-metrics" {
            continue;
        }
        let recording: Recording = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let expected = framing(
            recording.response.status,
            &recording.response.headers,
            &recording.response.body,
            recording.response.cut,
        );
        let answered = replay(&name, &recording.request).await;
        if answered != expected {
            describe(&mut differences, &name, &expected, &answered);
        }
    }
    assert!(
        names.len() > 100,
        "only {} recordings in {}",
        names.len(),
        folder.display()
    );
    assert!(differences.is_empty(), "{differences}");
}

async fn replay(name: &str, request: &RecordedRequest) -> Framing {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = SimOptions {
        max_model_len: 4096,
        ..SimOptions::instant()
    };
    if name.contains("engine-error") {
        options.knobs.fault = Some(Fault {
            after_tokens: 1,
            kind: FaultKind::Error,
        });
    }
    let sim = Sim::start(listener, options);
    let client = Client::builder().no_proxy().build().unwrap();
    let method: Method = request.method.parse().unwrap();
    let mut call = client.request(method, format!("{}{}", sim.url(), request.path));
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    if let Some(body) = &request.body {
        call = call.body(expand(body));
    }
    let mut response = call.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), pairs(response.headers()));
    let (mut body, mut cut) = (Vec::new(), false);
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => {
                cut = true;
                break;
            }
        }
    }
    framing(status, &headers, &String::from_utf8(body).unwrap(), cut)
}

/// Long prompts are kept as `{{words 5000}}`.
fn expand(body: &str) -> String {
    let Some((before, rest)) = body.split_once("{{words ") else {
        return body.to_owned();
    };
    let (count, after) = rest.split_once("}}").unwrap();
    format!("{before}{}{after}", "word ".repeat(count.parse().unwrap()))
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

fn framing(status: u16, headers: &[(String, String)], body: &str, cut: bool) -> Framing {
    let mut headers: Vec<_> = headers
        .iter()
        .filter(|(name, _)| HEADERS.contains(&name.to_lowercase().as_str()))
        .cloned()
        .collect();
    headers.sort();
    let streamed = headers.iter().any(|(_, value)| value.starts_with("text/event-stream"));
    let events = if streamed { stream(body) } else { vec![json(body)] };
    Framing {
        status,
        headers,
        cut,
        events,
    }
}

/// The shapes of a stream's events; a run of equal ones counts once, for texts differ in length.
fn stream(body: &str) -> Vec<String> {
    let mut events: Vec<_> = body.split("\n\n").filter(|event| !event.is_empty()).collect();
    // A completion tells of a token whose text is held back; which ones are depends on how a text is cut.
    events.retain(|event| !event.contains(r#""text":"","logprobs":null,"finish_reason":null"#));
    // Several choices come interleaved, by chance.
    events.sort_by_key(|event| match event {
        event if event.contains("[DONE]") || event.contains(r#""choices":[],"#) => 2,
        event => u8::from(event.contains(r#""choices":[{"index":1"#)),
    });
    let mut shapes: Vec<_> = events.into_iter().map(event).collect();
    shapes.dedup();
    shapes
}

fn event(event: &str) -> String {
    let mut text = String::new();
    for line in event.lines() {
        match line.strip_prefix("data: ") {
            Some(data) => writeln!(text, "data: {}", json(data)).unwrap(),
            None => writeln!(text, "{line}").unwrap(),
        }
    }
    text
}

fn json(text: &str) -> String {
    match serde_json::from_str::<Shape>(text) {
        // Python's own writer puts a space after a colon, pydantic's does not.
        Ok(shape) => format!(
            "{}{shape}",
            if text.split_once(':').is_some_and(|(_, rest)| rest.starts_with(' ')) {
                "spaced "
            } else {
                ""
            }
        ),
        Err(_) => text.to_owned(),
    }
}

fn describe(text: &mut String, name: &str, expected: &Framing, answered: &Framing) {
    writeln!(text, "\n== {name}").unwrap();
    if (expected.status, &expected.headers, expected.cut) != (answered.status, &answered.headers, answered.cut) {
        let head = |framing: &Framing| format!("{} {:?} cut={}", framing.status, framing.headers, framing.cut);
        writeln!(text, "- {}\n+ {}", head(expected), head(answered)).unwrap();
    }
    for place in 0..expected.events.len().max(answered.events.len()) {
        let of = |framing: &Framing| framing.events.get(place).cloned().unwrap_or_default();
        if of(expected) != of(answered) {
            writeln!(
                text,
                "event {place}:\n- {}\n+ {}",
                of(expected).trim_end(),
                of(answered).trim_end()
            )
            .unwrap();
            break;
        }
    }
}
