//! Whether it is well, in words.

use leptos::prelude::*;
use worv_api::{EngineState, EngineStatus};

use self::verdict::{Known, verdict};
use crate::{figures, format, live::LiveFeed};

mod verdict;

/// The verdict, and what the engine says about itself.
#[component]
pub(crate) fn Health() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let verdict = Memo::new(move |_| {
        let (failures, latest) = feed
            .samples
            .with(|samples| (figures::summary(samples.iter()).failures, samples.back().copied()));
        feed.engine.with(|engine| {
            feed.gpus.with(|gpus| {
                feed.switch.with(|switch| {
                    verdict(&Known {
                        engine: engine.as_ref(),
                        gpus: gpus.as_ref(),
                        switch: switch.as_ref(),
                        latest: latest.unwrap_or_default(),
                        failures,
                    })
                })
            })
        })
    });
    let fact = move |text: fn(&EngineStatus) -> String| {
        move || {
            feed.engine
                .with(|engine| engine.as_ref().map(text))
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| "unknown".to_owned())
        }
    };
    let lasting = move || {
        let since = feed.engine.with(|engine| engine.as_ref().map(|engine| engine.since));
        let lasting = feed.clock.get().zip(since).map(|(now, since)| now - since);
        lasting
            .map(|lasting| format!("for {}", format::duration(lasting)))
            .unwrap_or_default()
    };
    view! {
        <section class="health panel" aria-label="Health">
            <div class="health__verdict" data-tone=move || verdict.with(|verdict| verdict.tone.name())>
                <div role="status">
                    <p class="health__headline">{move || verdict.with(|verdict| verdict.headline.clone())}</p>
                    <p class="muted">{move || verdict.with(|verdict| verdict.detail.clone())}</p>
                </div>
            </div>
            <dl class="health__facts">
                <div>
                    <dt>"Model"</dt>
                    <dd>{fact(|engine| engine.model.clone())}</dd>
                </div>
                <div>
                    <dt>"Context window"</dt>
                    <dd>
                        {fact(|engine| {
                            engine
                                .max_model_len
                                .map(|tokens| format!("{} tokens", format::thousands(tokens)))
                                .unwrap_or_default()
                        })}
                    </dd>
                </div>
                <div>
                    <dt>"vLLM version"</dt>
                    <dd>{fact(|engine| engine.version.clone())}</dd>
                </div>
                <div class="health__since">
                    <dt>{fact(|engine| since_label(engine.state).to_owned())}</dt>
                    <dd>
                        {fact(|engine| format!("{} UTC", format::date_time(engine.since)))} " "
                        <span class="muted">{lasting}</span>
                    </dd>
                </div>
            </dl>
        </section>
    }
}

fn since_label(state: EngineState) -> &'static str {
    match state {
        EngineState::Starting => "Waiting since",
        EngineState::Up => "Up since",
        EngineState::Down => "Down since",
    }
}
