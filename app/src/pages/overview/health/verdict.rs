//! The state of everything in one sentence.

use worv_api::{EngineState, EngineStatus, GpuOverview};

use crate::{components::Tone, format};

/// The answer to the first question of anyone who opens the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) tone: Tone,
    pub(super) headline: String,
    pub(super) detail: String,
}

/// Judges what is known; `failures` are those of the last 15 minutes. The worst news is the headline.
pub(super) fn verdict(engine: Option<&EngineStatus>, gpus: Option<&GpuOverview>, failures: u64) -> Verdict {
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
