//! What serves now.

use leptos::prelude::*;
use worv_api::{EngineState, ProcessState};

use super::{super::parts, ModelsView};
use crate::{components::Tone, format, served::Visitor};

/// The engine: its model, and what its process does where the gateway looks after it.
pub(super) fn current(view: &ModelsView, visitor: &Visitor) -> AnyView {
    let engine = &view.engine;
    let name = match (view.live(), engine.model.as_str()) {
        ("", "") => "No model is known yet",
        ("", model) => model,
        (live, _) => live,
    };
    let (tone, word) = state(view);
    let process = view.profiles.process.as_ref();
    // During a switch there is no engine, as everybody knows.
    let is_switching = view.switches.current.is_some();
    let details = [
        process.map_or("", |process| process.detail.as_str()),
        if is_switching { "" } else { engine.detail.as_str() },
    ];
    let details = details.into_iter().filter(|detail| !detail.is_empty());
    let details: Vec<_> = details
        .map(|detail| view! { <p class="models__detail">{detail.to_owned()}</p> })
        .collect();
    let window = engine
        .max_model_len
        .map(|tokens| format!("{} tokens", format::thousands(tokens)));
    let run_by = match process {
        None => "others; this gateway stands in front of it".to_owned(),
        Some(process) => {
            let who = if view.profiles.by_agent {
                "an agent in its machine"
            } else {
                "this gateway"
            };
            match process.pid {
                Some(pid) => format!("{who}, as process {pid}"),
                None => who.to_owned(),
            }
        }
    };
    let failures = process.map(|process| process.failures).filter(|failures| *failures > 0);
    view! {
        <section class="panel models__current" data-id="current" aria-label="Live model">
            <header class="models__live">
                <h2>{name.to_owned()}</h2>
                {parts::status(tone, word)}
            </header>
            {details}
            <dl class="models__facts">
                {fact("Context window", window.unwrap_or_else(|| "–".to_owned()))}
                {fact("vLLM version", parts::or_dash(&engine.version))}
                <div>
                    <dt>"In this state"</dt>
                    <dd>{parts::lasting(engine.since, visitor.now)}</dd>
                </div>
                {fact("Requests under way", format::thousands(view.in_flight.into()))}
                {fact("Run by", run_by)}
                {failures.map(|failures| fact("Failed starts in a row", failures.to_string()))}
            </dl>
        </section>
    }
    .into_any()
}

fn fact(name: &'static str, text: String) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{text}</dd>
        </div>
    }
    .into_any()
}

fn state(view: &ModelsView) -> (Tone, &'static str) {
    if view.switches.current.is_some() {
        return (Tone::Waiting, "Being switched");
    }
    match (
        view.profiles.process.as_ref().map(|process| process.state),
        view.engine.state,
    ) {
        (Some(ProcessState::GaveUp), _) => (Tone::Bad, "Failed too often"),
        (Some(ProcessState::Restarting), _) => (Tone::Warn, "Restarting"),
        (Some(ProcessState::Stopped), _) => (Tone::Neutral, "Stopped"),
        (Some(ProcessState::Starting), _) => (Tone::Waiting, "Starting"),
        (Some(ProcessState::Unknown), EngineState::Up) => (Tone::Warn, "Live, and its machine does not report"),
        (Some(ProcessState::Unknown), _) => (Tone::Bad, "Its machine does not report"),
        (_, EngineState::Up) => (Tone::Ok, "Live"),
        (_, EngineState::Down) => (Tone::Bad, "Does not answer"),
        (_, EngineState::Starting) => (Tone::Waiting, "Not asked yet"),
    }
}
