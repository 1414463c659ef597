//! A step in words.

use worv_api::{LoadProgress, Switch, SwitchPhase};

use super::State;

/// What is done in a phase. The profile is told where it is not the one that is switched to.
pub(super) fn words(switch: &Switch, phase: SwitchPhase, profile: &str) -> String {
    let text = match phase {
        SwitchPhase::Draining => "Finish the requests under way",
        SwitchPhase::Stopping => "Stop the engine",
        SwitchPhase::Starting => "Start the engine",
        SwitchPhase::Loading => "Load the model",
        SwitchPhase::Warming => "Warm up",
        SwitchPhase::SmokeTest => "Ask a question and check the answer",
        SwitchPhase::Live => "Serve",
    };
    if profile == switch.to || profile.is_empty() || matches!(phase, SwitchPhase::Draining | SwitchPhase::Stopping) {
        text.to_owned()
    } else {
        format!("{text} again with {profile}")
    }
}

/// How a step goes on; empty where there is nothing to say.
pub(super) fn detail(switch: &Switch, phase: SwitchPhase, state: State) -> String {
    match (state, phase) {
        (State::UnderWay, SwitchPhase::Draining) => answers(switch.draining),
        (State::UnderWay, SwitchPhase::Loading) => switch.loading.map(files).unwrap_or_default(),
        _ => String::new(),
    }
}

fn answers(count: u64) -> String {
    match count {
        0 => String::new(),
        1 => "1 answer to go".to_owned(),
        count => format!("{count} answers to go"),
    }
}

fn files(progress: LoadProgress) -> String {
    format!("{} of {} files", progress.done, progress.total)
}
