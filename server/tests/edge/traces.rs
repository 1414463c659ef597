//! Traces: what an OpenTelemetry collector is told of a request, and what the engine is.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::post};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify};
use worv_core::trace::TraceParent;
use worv_sim::engine::{Sim, SimOptions};

use crate::{
    client::{Connection, Http},
    gateway::Gateway,
};

const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-00";

/// A collector that keeps the spans it is posted.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Value>>>,
    posted: Arc<Notify>,
}

impl Collector {
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(collector.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        (collector, url)
    }

    /// Waits for so many spans.
    async fn spans(&self, at_least: usize) -> Vec<Value> {
        loop {
            let posted = self.posted.notified();
            let spans = self.spans.lock().unwrap().clone();
            if spans.len() >= at_least {
                return spans;
            }
            posted.await;
        }
    }
}

async fn take(State(collector): State<Collector>, Json(message): Json<Value>) -> Json<Value> {
    let resource = &message["resourceSpans"][0];
    assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "worv");
    let spans = resource["scopeSpans"][0]["spans"].as_array().unwrap();
    collector.spans.lock().unwrap().extend(spans.iter().cloned());
    collector.posted.notify_one();
    Json(serde_json::json!({}))
}

/// Asks for a short answer, and returns the `traceparent` that the engine got with it.
async fn ask(gateway: &Gateway, sim: &Sim, traceparent: Option<&str>) -> Option<String> {
    let before = sim.requests().len();
    let mut request = Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {}", gateway.key))
        .header("content-type", "application/json");
    if let Some(value) = traceparent {
        request = request.header("traceparent", value);
    }
    let body =
        r#"{"model":"live-nonthinking","stream":true,"max_tokens":8,"messages":[{"role":"user","content":"Count."}]}"#;
    let mut connection = Connection::plain(gateway.address, "test", Http::One).await;
    let request = request.body(Full::new(Bytes::from_static(body.as_bytes())));
    let response = connection.send(request.unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.unwrap();
    let requests = sim.requests();
    let seen = requests[before..]
        .iter()
        .find(|request| request.uri.path() == "/v1/chat/completions");
    let value = seen.unwrap().headers.get("traceparent")?;
    Some(value.to_str().unwrap().to_owned())
}

async fn sim() -> Sim {
    Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), SimOptions::instant())
}

fn named<'spans>(spans: &'spans [Value], name: &str) -> &'spans Value {
    let span = spans.iter().find(|span| span["name"] == name);
    span.unwrap_or_else(|| panic!("{name} is not in {spans:?}"))
}

fn nanoseconds(span: &Value, name: &str) -> u128 {
    span[name].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_part_of_a_trace_is_told_with_its_phases() {
    let ((collector, url), sim) = (Collector::start().await, sim().await);
    let gateway = Gateway::start(&[("WORV_ENGINE__URL", &sim.url()), ("WORV_TRACES__OTLP_ENDPOINT", &url)]);

    // Neither one that nobody asked to trace, nor one that is said not to be, is.
    assert_eq!(ask(&gateway, &sim, None).await, None);
    assert_eq!(ask(&gateway, &sim, Some(UNSAMPLED)).await.as_deref(), Some(UNSAMPLED));
    let to_engine = ask(&gateway, &sim, Some(SAMPLED)).await.unwrap();
    let (caller, engine) = (
        TraceParent::parse(SAMPLED).unwrap(),
        TraceParent::parse(&to_engine).unwrap(),
    );
    assert_eq!(engine.trace, caller.trace);
    assert_ne!(engine.span, caller.span);
    assert!(engine.sampled);

    let spans = collector.spans(4).await;
    assert!(
        spans
            .iter()
            .all(|span| span["traceId"] == caller.trace.to_string().as_str())
    );
    let whole = named(&spans, "POST /v1/chat/completions");
    assert_eq!(whole["parentSpanId"], caller.span.to_string().as_str());
    assert_eq!(whole["kind"], 2);
    let attribute = |key: &str| {
        let attributes = whole["attributes"].as_array().unwrap();
        attributes.iter().find(|attribute| attribute["key"] == key).unwrap()["value"].clone()
    };
    assert_eq!(attribute("worv.outcome")["stringValue"], "done");
    assert_eq!(attribute("http.response.status_code")["intValue"], "200");
    assert_eq!(attribute("gen_ai.usage.output_tokens")["intValue"], "8");
    let of_engine = named(&spans, "engine");
    assert_eq!(of_engine["spanId"], engine.span.to_string().as_str());
    assert_eq!(of_engine["events"][0]["name"], "first byte");
    for name in ["receive", "prepare", "engine"] {
        let phase = named(&spans, name);
        assert_eq!(phase["parentSpanId"], whole["spanId"]);
        let within = |name| {
            nanoseconds(whole, "startTimeUnixNano") <= nanoseconds(phase, name)
                && nanoseconds(phase, name) <= nanoseconds(whole, "endTimeUnixNano")
        };
        assert!(
            within("startTimeUnixNano") && within("endTimeUnixNano"),
            "{phase} is not within {whole}"
        );
    }
    assert_eq!(spans.iter().filter(|span| span["kind"] == 2).count(), 1, "{spans:?}");
    while gateway.metric("worv_traced_requests_exported_total") < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(gateway.metric("worv_traced_requests_dropped_total"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_nothing_but_its_traces() {
    let sim = sim().await;
    let gateway = Gateway::start(&[
        ("WORV_ENGINE__URL", &sim.url()),
        ("WORV_TRACES__OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("WORV_TRACES__SAMPLE_RATIO", "1"),
    ]);
    let begun = ask(&gateway, &sim, None).await.unwrap();
    assert!(TraceParent::parse(&begun).unwrap().sampled);
    gateway.until_it_says("the collector does not take traces");
    ask(&gateway, &sim, None).await.unwrap();
    while gateway.metric("worv_traced_requests_dropped_total") < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(gateway.log().matches("the collector does not take traces").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_the_header_passes_as_it_came() {
    let sim = sim().await;
    let gateway = Gateway::start(&[("WORV_ENGINE__URL", &sim.url())]);
    assert_eq!(ask(&gateway, &sim, Some(SAMPLED)).await.as_deref(), Some(SAMPLED));
    assert_eq!(ask(&gateway, &sim, None).await, None);
}
