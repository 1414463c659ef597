//! What the list and the page of one request show alike.

use leptos::prelude::*;
use worv_api::RequestSummary;

use crate::components::{Status, Tone};

/// The model that ran, and what the caller had called it.
pub(super) fn model(request: &RequestSummary) -> AnyView {
    let alias = request.is_aliased().then(|| {
        view! { <span class="requests__second">"asked for as " {request.requested_model.clone()}</span> }
    });
    view! {
        {request.model.clone()}
        {alias}
    }
    .into_any()
}

/// How it ended, with the status where that says more.
pub(super) fn outcome(request: &RequestSummary) -> AnyView {
    let (tone, word) = match request.outcome.as_str() {
        "done" => (Tone::Ok, "Done"),
        "client_left" => (Tone::Neutral, "Client left"),
        "engine_failed" => (Tone::Bad, "Engine failed"),
        "refused_by_engine" => (Tone::Warn, "Refused"),
        _ => (Tone::Bad, "Lost"),
    };
    let status = (request.status != 200).then(|| view! { <span class="muted">" " {request.status}</span> });
    view! {
        <Status tone text=word/>
        {status}
    }
    .into_any()
}
