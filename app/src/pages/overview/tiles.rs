//! The figures that are read first.

use leptos::prelude::*;

use crate::{
    components::{Tile, Tone},
    figures::{self, Summary},
    format,
    live::LiveFeed,
};

/// Requests, tokens, requests in flight and failures.
#[component]
pub(crate) fn Tiles() -> impl IntoView {
    let samples = expect_context::<LiveFeed>().samples;
    let summary = Memo::new(move |_| samples.with(|samples| figures::summary(samples.iter())));
    let of = move |text: fn(&Summary) -> String| Signal::derive(move || summary.with(text));
    view! {
        <section class="tiles" aria-label="Now">
            <Tile
                label="Requests per second"
                value=of(|now| format::rate(now.requests_per_second))
                detail=of(|now| format!("{} in 15 min", format::thousands(now.requests)))
            />
            <Tile
                label="Tokens per second"
                value=of(|now| format::rate(now.tokens_per_second))
                detail=of(|now| format!("{} in 15 min", format::thousands(now.tokens)))
            />
            <Tile
                label="In flight"
                value=of(|now| format::thousands(now.in_flight.into()))
                detail=of(|now| format!("{} at most in 15 min", format::thousands(now.most_in_flight.into())))
            />
            <Tile
                label="Failures in 15 min"
                value=of(|now| format::thousands(now.failures))
                detail=of(|now| match now.last_failure {
                    Some(at) => format!("last at {} UTC", format::time(at)),
                    None => "none".to_owned(),
                })
                tone=Signal::derive(move || summary.with(|now| (now.failures > 0).then_some(Tone::Bad)))
            />
        </section>
    }
}
