//! Reading the counts and turning the knobs over HTTP, for a simulator in another process.
//!
//! `GET /sim/stats`; `GET /sim/knobs`; `PATCH /sim/knobs` with the fields to change, `null` to take a fault away. Not part
//! of vLLM, and under no path that a gateway passes on.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Fault, Knobs, Refusal, SimStats, service::Engine};

/// Knobs as JSON. `down` is missing: an engine that is down cannot be asked to come up again; end its process instead.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KnobsJson {
    time_to_first_token_ms: f64,
    time_per_prompt_token_ms: f64,
    time_per_token_ms: f64,
    tokens_per_chunk: usize,
    fault: Option<Fault>,
    refusal: Option<Refusal>,
}

/// The counts.
pub(super) async fn stats(State(engine): State<Engine>) -> Json<SimStats> {
    Json(engine.stats())
}

/// The knobs as they stand.
pub(super) async fn knobs(State(engine): State<Engine>) -> Json<Value> {
    Json(to_json(&engine.knobs().get()))
}

/// Turns some knobs, and says how all of them stand then.
pub(super) async fn turn(State(engine): State<Engine>, body: Bytes) -> Response {
    let changed = serde_json::from_slice::<Map<String, Value>>(&body).and_then(|changes| {
        let mut knobs = to_json(&engine.knobs().get());
        if let Value::Object(fields) = &mut knobs {
            fields.extend(changes);
        }
        serde_json::from_value::<KnobsJson>(knobs)
    });
    let knobs = match changed {
        Ok(knobs) => knobs,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let times = [
        knobs.time_to_first_token_ms,
        knobs.time_per_prompt_token_ms,
        knobs.time_per_token_ms,
    ];
    let [Ok(first), Ok(prompt), Ok(each)] = times.map(|time| Duration::try_from_secs_f64(time / 1000.0)) else {
        return (StatusCode::BAD_REQUEST, "times are milliseconds, zero or more").into_response();
    };
    engine.knobs().turn(|now| {
        *now = Knobs {
            time_to_first_token: first,
            time_per_prompt_token: prompt,
            time_per_token: each,
            tokens_per_chunk: knobs.tokens_per_chunk,
            fault: knobs.fault,
            refusal: knobs.refusal,
            down: now.down,
        };
    });
    Json(to_json(&engine.knobs().get())).into_response()
}

fn to_json(knobs: &Knobs) -> Value {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let json = KnobsJson {
        time_to_first_token_ms: milliseconds(knobs.time_to_first_token),
        time_per_prompt_token_ms: milliseconds(knobs.time_per_prompt_token),
        time_per_token_ms: milliseconds(knobs.time_per_token),
        tokens_per_chunk: knobs.tokens_per_chunk,
        fault: knobs.fault,
        refusal: knobs.refusal,
    };
    serde_json::to_value(json).unwrap_or_default()
}
