//! The state of everything in one sentence.

use worv_api::{EngineState, EngineStatus, GpuOverview, LiveSample, Switch};

use crate::{components::Tone, format};

/// The answer to the first question of anyone who opens the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) tone: Tone,
    pub(super) headline: String,
    pub(super) detail: String,
}

/// What it is judged by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) engine: Option<&'a EngineStatus>,
    pub(super) gpus: Option<&'a GpuOverview>,
    /// The switch under way, or the last one.
    pub(super) switch: Option<&'a Switch>,
    /// The last second.
    pub(super) latest: LiveSample,
    /// Of the last 15 minutes.
    pub(super) failures: u64,
}

/// Judges what is known. The worst news is the headline.
pub(super) fn verdict(known: &Known<'_>) -> Verdict {
    let switch = known.switch.filter(|switch| switch.ended_at.is_none());
    let (tone, headline, detail) = match (known.engine, switch) {
        (_, Some(switch)) => (
            Tone::Waiting,
            format!("{} is on its way", switch.to),
            "The engine is being switched; new requests wait until it serves.".to_owned(),
        ),
        (Some(engine), None) if engine.state == EngineState::Down => {
            let detail = if engine.detail.is_empty() {
                "Requests are refused until it does."
            } else {
                &engine.detail
            };
            (Tone::Bad, "The engine does not answer".to_owned(), detail.to_owned())
        }
        (Some(engine), None) if engine.state == EngineState::Up => up(engine, known),
        _ => (
            Tone::Waiting,
            "The engine has not been asked yet".to_owned(),
            "The first answer is a matter of seconds.".to_owned(),
        ),
    };
    Verdict { tone, headline, detail }
}

fn up(engine: &EngineStatus, known: &Known<'_>) -> (Tone, String, String) {
    let gpus = known.gpus.map(|report| report.gpus.as_slice()).unwrap_or_default();
    let faults: Vec<_> = gpus
        .iter()
        .filter_map(|gpu| gpu.fault.as_ref().map(|fault| (gpu.index, fault)))
        .collect();
    let mut serving = format!("{} is being served.", engine.model);
    if known.latest.waiting > 0 {
        let waiting = format::thousands(known.latest.waiting.into());
        serving = format!("{serving} Requests that wait for room at the engine: {waiting}.");
    }
    if known.latest.database_away {
        let detail = "Requests of known keys go on, and their usage is kept on disk until it answers.";
        return (Tone::Warn, "The database does not answer".to_owned(), detail.to_owned());
    }
    match (faults.as_slice(), known.failures) {
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
        let verdict = verdict(&Known {
            engine,
            gpus: Some(&faulty(gpus)),
            switch: None,
            latest: LiveSample::default(),
            failures,
        });
        (verdict.tone, verdict.headline)
    }

    #[test]
    fn the_database_and_the_queue_are_spoken_of() {
        let up = engine(EngineState::Up);
        let with = |latest| {
            verdict(&Known {
                engine: Some(&up),
                gpus: None,
                switch: None,
                latest,
                failures: 0,
            })
        };
        let away = LiveSample {
            database_away: true,
            ..LiveSample::default()
        };
        assert_eq!(with(away).headline, "The database does not answer");
        let waiting = with(LiveSample {
            waiting: 1_200,
            ..LiveSample::default()
        });
        assert_eq!((waiting.tone, waiting.headline.as_str()), (Tone::Ok, "All is well"));
        assert!(waiting.detail.ends_with("at the engine: 1,200."), "{}", waiting.detail);
    }

    #[test]
    fn an_engine_that_is_being_switched_is_on_its_way_and_not_down() {
        let down = engine(EngineState::Down);
        let mut switch = Switch {
            id: 1,
            from: "DeepSeek-V4-Pro".to_owned(),
            to: "GLM-5.1-FP8".to_owned(),
            actor: "ann".to_owned(),
            started_at: 0,
            ended_at: None,
            outcome: None,
            detail: String::new(),
            steps: Vec::new(),
            loading: None,
            draining: 0,
            can_cancel: false,
        };
        let headline = |switch: &Switch| {
            verdict(&Known {
                engine: Some(&down),
                gpus: None,
                switch: Some(switch),
                latest: LiveSample::default(),
                failures: 0,
            })
            .headline
        };
        assert_eq!(headline(&switch), "GLM-5.1-FP8 is on its way");
        switch.ended_at = Some(1);
        assert_eq!(headline(&switch), "The engine does not answer");
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
