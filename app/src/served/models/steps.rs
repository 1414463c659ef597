//! A switch as a list of steps: those that were done, the one under way, those ahead.

use worv_api::{Switch, SwitchPhase, SwitchStep};

pub(super) use self::state::State;
use self::words::{detail, words};

mod state;
mod words;

/// A step as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// How far it is.
    pub(super) state: State,
    /// What is done.
    pub(super) words: String,
    /// How it goes on; empty where there is nothing to say.
    pub(super) detail: String,
    /// How long it took or has taken, in milliseconds; none for what lies ahead.
    pub(super) elapsed: Option<i64>,
}

const PHASES: [SwitchPhase; 7] = [
    SwitchPhase::Draining,
    SwitchPhase::Stopping,
    SwitchPhase::Starting,
    SwitchPhase::Loading,
    SwitchPhase::Warming,
    SwitchPhase::SmokeTest,
    SwitchPhase::Live,
];

/// The steps of a switch at `now`, in Unix milliseconds.
pub(super) fn lines(switch: &Switch, now: i64) -> Vec<Line> {
    let mut lines: Vec<_> = switch
        .steps
        .iter()
        .enumerate()
        .map(|(position, step)| line(switch, step, switch.steps.get(position + 1), now))
        .collect();
    if let (None, Some(last)) = (switch.outcome, switch.steps.last()) {
        let ahead = PHASES.into_iter().skip_while(|phase| *phase != last.phase).skip(1);
        let starts = |step: &SwitchStep| !matches!(step.phase, SwitchPhase::Draining | SwitchPhase::Stopping);
        // Once an engine has been started, the way may be back to the one before.
        let profile = if switch.steps.iter().any(starts) {
            &last.profile
        } else {
            &switch.to
        };
        lines.extend(ahead.map(|phase| Line {
            state: State::Ahead,
            words: words(switch, phase, profile),
            detail: String::new(),
            elapsed: None,
        }));
    }
    lines
}

fn line(switch: &Switch, step: &SwitchStep, next: Option<&SwitchStep>, now: i64) -> Line {
    let state = State::of(switch, step, next);
    let end = step.ended_at.or(switch.ended_at).unwrap_or(now);
    Line {
        state,
        words: words(switch, step.phase, &step.profile),
        detail: detail(switch, step.phase, state),
        elapsed: Some((end - step.started_at).max(0)),
    }
}

#[cfg(test)]
mod tests {
    use worv_api::LoadProgress;

    use super::*;

    fn step(phase: SwitchPhase, profile: &str, started_at: i64, ended_at: Option<i64>) -> SwitchStep {
        SwitchStep {
            phase,
            profile: profile.to_owned(),
            started_at,
            ended_at,
        }
    }

    fn switch(steps: Vec<SwitchStep>) -> Switch {
        Switch {
            id: 1,
            from: "old".to_owned(),
            to: "new".to_owned(),
            actor: "ada".to_owned(),
            started_at: 0,
            ended_at: None,
            outcome: None,
            detail: String::new(),
            steps,
            loading: Some(LoadProgress { done: 3, total: 16 }),
            draining: 2,
            can_cancel: true,
        }
    }

    fn shown(switch: &Switch) -> Vec<(State, String)> {
        let lines = lines(switch, 9_000).into_iter();
        lines
            .map(|line| (line.state, format!("{} {}", line.words, line.detail).trim().to_owned()))
            .collect()
    }

    #[test]
    fn what_is_ahead_follows_what_is_done() {
        let switch = switch(vec![
            step(SwitchPhase::Draining, "old", 0, Some(1_000)),
            step(SwitchPhase::Stopping, "old", 1_000, Some(2_000)),
            step(SwitchPhase::Starting, "new", 2_000, Some(3_000)),
            step(SwitchPhase::Loading, "new", 3_000, None),
        ]);
        let shown = shown(&switch);
        assert_eq!(shown.len(), 7);
        assert_eq!(shown[3], (State::UnderWay, "Load the model 3 of 16 files".to_owned()));
        assert_eq!(shown[4], (State::Ahead, "Warm up".to_owned()));
        assert_eq!(lines(&switch, 9_000)[3].elapsed, Some(6_000));
    }

    #[test]
    fn a_roll_back_shows_what_failed_and_what_is_brought_back() {
        let switch = switch(vec![
            step(SwitchPhase::Draining, "old", 0, Some(1_000)),
            step(SwitchPhase::Stopping, "old", 1_000, Some(2_000)),
            step(SwitchPhase::Starting, "new", 2_000, Some(3_000)),
            step(SwitchPhase::Starting, "old", 3_000, None),
        ]);
        let shown = shown(&switch);
        assert_eq!(shown[2], (State::Failed, "Start the engine".to_owned()));
        assert_eq!(
            shown[3],
            (State::UnderWay, "Start the engine again with old".to_owned())
        );
        assert_eq!(shown[7], (State::Ahead, "Serve again with old".to_owned()));
    }
}
