//! Traced requests in OTLP's JSON form (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>): one span for the
//! request, and one below it for each of its phases.

use std::time::Duration;

use serde_json::{Value, json};
use worv_core::{
    Entropy,
    trace::SpanId,
    usage::{Endpoint, Outcome},
};
use worv_proxy::TracedRequest;

/// Kinds of spans.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;

/// The status of a span that went wrong.
const ERROR: u8 = 2;

/// What the collector is posted.
pub(super) fn message(requests: &[TracedRequest], entropy: &Entropy) -> Value {
    let spans: Vec<_> = requests.iter().flat_map(|request| spans(request, entropy)).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            attribute("service.name", "worv".into()),
            attribute("service.version", env!("CARGO_PKG_VERSION").into()),
        ]},
        "scopeSpans": [{"scope": {"name": "worv"}, "spans": spans}],
    }]})
}

/// The request's own span first.
fn spans(request: &TracedRequest, entropy: &Entropy) -> Vec<Value> {
    let waited = request.received + Duration::from_millis(request.usage.queue_ms.into());
    let nothing = Duration::ZERO;
    let mut spans = vec![whole(request)];
    let mut phase = |name, from: Duration, to: Duration| {
        let id = SpanId(u64::from_le_bytes(entropy.bytes()));
        spans.push(span(request, (name, id), INTERNAL, from..to));
    };
    phase("receive", nothing, request.received);
    if waited > request.received {
        phase("queue", request.received, waited);
    }
    if let Some(sent) = request.sent {
        phase("prepare", waited.min(sent), sent);
        spans.push(engine(request, sent));
    }
    spans
}

fn whole(request: &TracedRequest) -> Value {
    let usage = &request.usage;
    let name = match usage.endpoint {
        Endpoint::Other => "POST".to_owned(),
        endpoint => format!("POST {endpoint}"),
    };
    let mut span = span(request, (&name, request.request), SERVER, Duration::ZERO..request.ended);
    span["parentSpanId"] = request.parent.map_or(Value::Null, |parent| parent.to_string().into());
    span["attributes"] = json!([
        attribute("http.request.method", "POST".into()),
        attribute("http.route", usage.endpoint.path().into()),
        attribute("http.response.status_code", i64::from(usage.status).into()),
        attribute("gen_ai.request.model", usage.requested_model.as_str().into()),
        attribute("gen_ai.response.model", usage.served_model.as_str().into()),
        attribute("gen_ai.usage.input_tokens", usage.prompt_tokens.into()),
        attribute("gen_ai.usage.output_tokens", usage.completion_tokens.into()),
        attribute("worv.cached_tokens", usage.cached_tokens.into()),
        attribute("worv.client", usage.client.as_str().into()),
        attribute("worv.key_id", usage.key.to_string().into()),
        attribute("worv.outcome", usage.outcome.as_str().into()),
        attribute("worv.request_id", usage.request_id.to_string().into()),
        attribute("worv.stream", usage.stream.into()),
    ]);
    if usage.outcome == Outcome::EngineFailed {
        span["status"] = json!({"code": ERROR, "message": usage.outcome.as_str()});
    }
    span
}

/// The engine's part, with the moment of its first byte.
fn engine(request: &TracedRequest, sent: Duration) -> Value {
    let mut span = span(request, ("engine", request.engine), CLIENT, sent..request.ended);
    if let Some(milliseconds) = request.usage.first_byte_ms {
        let at = Duration::from_millis(milliseconds.into()).clamp(sent, request.ended.max(sent));
        span["events"] = json!([{"name": "first byte", "timeUnixNano": moment(request, at)}]);
    }
    span
}

fn span(request: &TracedRequest, (name, id): (&str, SpanId), kind: u8, time: std::ops::Range<Duration>) -> Value {
    json!({
        "traceId": request.trace.to_string(),
        "spanId": id.to_string(),
        "parentSpanId": request.request.to_string(),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": moment(request, time.start),
        "endTimeUnixNano": moment(request, time.end.max(time.start)),
    })
}

/// A moment of a request, in nanoseconds of Unix time. JSON's numbers are too small for them.
fn moment(request: &TracedRequest, after_start: Duration) -> String {
    let start = i128::from(request.usage.started_at.0) * 1_000_000;
    let after = i128::try_from(after_start.as_nanos()).unwrap_or(0);
    (start + after).to_string()
}

/// An attribute; whole numbers are text in this form.
fn attribute(key: &str, value: Value) -> Value {
    let value = match value {
        Value::Number(number) => json!({"intValue": number.to_string()}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::String(text) => json!({"stringValue": text}),
        other => json!({"stringValue": other.to_string()}),
    };
    json!({"key": key, "value": value})
}
