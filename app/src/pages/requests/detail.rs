//! One request: where its time went, and what the gateway made of it.

use leptos::prelude::*;
use worv_api::{RequestDetail, RequestPhase, RequestSummary};

use super::cells::{model, outcome};
use crate::{chart::timeline, format, parts, query::Query};

/// The request's panel.
pub(super) fn detail(detail: &RequestDetail, query: &Query) -> AnyView {
    let request = &detail.request;
    let close = query.without("request").on("/requests");
    let facts: Vec<_> = facts(request)
        .into_iter()
        .map(|(name, value)| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            }
        })
        .collect();
    view! {
        <section class="panel request" aria-labelledby="request-heading">
            <header class="panel__header">
                <h2 id="request-heading">
                    "Request " <code>{request.id.clone()}</code>
                </h2>
                <p class="panel__facts">
                    <a href=close data-noscroll="">
                        "Close"
                    </a>
                </p>
            </header>
            {time(detail)}
            <dl class="request__facts">{facts}</dl>
        </section>
    }
    .into_any()
}

/// The parts of its time, as a bar and in words.
fn time(detail: &RequestDetail) -> AnyView {
    let parts: Vec<_> = detail
        .timeline
        .iter()
        .map(|phase| (color(phase), phase.from_us, phase.to_us))
        .collect();
    let entries: Vec<_> = detail
        .timeline
        .iter()
        .map(|phase| {
            let class = format!("chart__key stack-{}", color(phase));
            view! {
                <li>
                    <span class=class>{words(&phase.name)}</span>
                    " "
                    <b>{format::micros(phase.to_us - phase.from_us)}</b>
                </li>
            }
        })
        .collect();
    view! {
        <figure class="request__time">
            <svg class="chart__drawing timeline" aria-hidden="true" inner_html=timeline(&parts)></svg>
            <figcaption>
                <ul class="legend">
                    {entries}
                    <li>
                        "In all " <b>{format::millis(detail.request.duration_ms.into())}</b>
                    </li>
                </ul>
            </figcaption>
        </figure>
    }
    .into_any()
}

fn facts(request: &RequestSummary) -> Vec<(&'static str, AnyView)> {
    let key = Query::default().with("key", request.key_id).on("/requests");
    let came_in = format!(
        "{} {} UTC",
        format::date(request.started_at),
        format::time(request.started_at)
    );
    let input = format!(
        "{}, {} of them cached",
        format::counted(request.prompt_tokens, "token"),
        format::thousands(request.cached_tokens)
    );
    let output = format!(
        "{}, {} of them reasoning",
        format::counted(request.completion_tokens, "token"),
        format::thousands(request.reasoning_tokens)
    );
    let granted = match request.granted_tokens {
        None => "no output asked for".to_owned(),
        Some(tokens) if request.clamped => format!("clamped to {}", format::counted(tokens, "token")),
        Some(tokens) => format!("{}, as asked for or by default", format::counted(tokens, "token")),
    };
    let answer = if request.stream { "streamed" } else { "in one piece" };
    let mut facts = vec![
        ("Outcome", outcome(request)),
        ("Status", request.status.into_any()),
        ("Came in", came_in.into_any()),
        ("Key", view! { <a href=key>{request.key.clone()}</a> }.into_any()),
        ("Model", model(request)),
        ("Endpoint", request.endpoint.clone().into_any()),
        ("Answer", answer.into_any()),
        ("Client", parts::words(&request.client).into_any()),
        ("Input", input.into_any()),
        ("Output", output.into_any()),
        ("Output limit", granted.into_any()),
    ];
    if let Some(user) = &request.chat_user {
        facts.push(("Chat user", user.clone().into_any()));
    }
    facts
}

/// The number of a phase's colour.
fn color(phase: &RequestPhase) -> u8 {
    match phase.name.as_str() {
        "gateway" => 3,
        "queue" => 10,
        "first_token" => 2,
        _ => 1,
    }
}

fn words(name: &str) -> &'static str {
    match name {
        "gateway" => "Gateway",
        "queue" => "Waiting for its turn",
        "first_token" => "To the first token",
        _ => "Answer",
    }
}
