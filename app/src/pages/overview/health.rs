//! Whether it is well, in words.

use leptos::prelude::*;
use worv_api::{EngineState, EngineStatus, GpuOverview};

use crate::{components::Tone, figures, format, live::LiveFeed};

/// The answer to the first question of anyone who opens the page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    tone: Tone,
    headline: String,
    detail: String,
}

/// The verdict, and what the engine says about itself.
#[component]
pub(crate) fn Health() -> impl IntoView {
    let feed = expect_context::<LiveFeed>();
    let verdict = Memo::new(move |_| {
        let failures = feed.samples.with(|samples| figures::summary(samples.iter()).failures);
        feed.engine
            .with(|engine| feed.gpus.with(|gpus| verdict(engine.as_ref(), gpus.as_ref(), failures)))
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

fn verdict(engine: Option<&EngineStatus>, gpus: Option<&GpuOverview>, failures: u64) -> Verdict {
    let (tone, headline, detail) = match engine {
        Some(engine) if engine.state == EngineState::Down => {
            let detail = if engine.detail.is_empty() {
                "Requests are refused until it does."
            } else {
                &engine.detail
            };
            (Tone::Bad, "The engine does not answer".to_owned(), detail.to_owned())
        }
        Some(engine) if engine.state == EngineState::Up => up(engine, gpus, failures),
        _ => (
            Tone::Waiting,
            "The engine has not been asked yet".to_owned(),
            "The first answer is a matter of seconds.".to_owned(),
        ),
    };
    Verdict { tone, headline, detail }
}

fn up(engine: &EngineStatus, gpus: Option<&GpuOverview>, failures: u64) -> (Tone, String, String) {
    let gpus = gpus.map(|report| report.gpus.as_slice()).unwrap_or_default();
    let faults: Vec<_> = gpus
        .iter()
        .filter_map(|gpu| gpu.fault.as_ref().map(|fault| (gpu.index, fault)))
        .collect();
    let serving = format!("{} is being served.", engine.model);
    match (faults.as_slice(), failures) {
        ([(index, fault), others @ ..], _) => {
            let headline = match others.len() {
                0 => format!("GPU {index} needs attention"),
                others => format!("GPU {index} and {others} more need attention"),
            };
            (Tone::Warn, headline, format!("{fault} {serving}"))
        }
        ([], 0) => (Tone::Ok, "All is well".to_owned(), serving),
        ([], failures) => {
            let requests = if failures == 1 { "request" } else { "requests" };
            let headline = format!(
                "{} {requests} failed in the last 15 minutes",
                format::thousands(failures)
            );
            (Tone::Warn, headline, format!("The engine answers now. {serving}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use worv_api::{GpuSource, GpuSummary};

    use super::*;

    fn engine(state: EngineState) -> EngineStatus {
        EngineStatus {
            state,
            model: "DeepSeek-V4-Pro".to_owned(),
            ..EngineStatus::starting(0)
        }
    }

    fn faulty(indexes: &[u32]) -> GpuOverview {
        let gpus = indexes.iter().map(|index| GpuSummary {
            index: *index,
            fault: Some("It fell off the bus.".to_owned()),
            ..GpuSummary::default()
        });
        GpuOverview {
            source: GpuSource::Starting,
            sampled_at: 0,
            gpus: gpus.collect(),
        }
    }

    fn words(engine: Option<&EngineStatus>, gpus: &[u32], failures: u64) -> (Tone, String) {
        let verdict = verdict(engine, Some(&faulty(gpus)), failures);
        (verdict.tone, verdict.headline)
    }

    #[test]
    fn the_worst_news_is_the_headline() {
        let (up, down) = (engine(EngineState::Up), engine(EngineState::Down));
        assert_eq!(
            words(Some(&down), &[3], 7),
            (Tone::Bad, "The engine does not answer".to_owned())
        );
        assert_eq!(
            words(Some(&up), &[3], 7),
            (Tone::Warn, "GPU 3 needs attention".to_owned())
        );
        assert_eq!(
            words(Some(&up), &[3, 4, 5], 0),
            (Tone::Warn, "GPU 3 and 2 more need attention".to_owned())
        );
        assert_eq!(
            words(Some(&up), &[], 1),
            (Tone::Warn, "1 request failed in the last 15 minutes".to_owned())
        );
        assert_eq!(words(Some(&up), &[], 0), (Tone::Ok, "All is well".to_owned()));
        assert_eq!(words(None, &[], 0).0, Tone::Waiting);
    }
}
