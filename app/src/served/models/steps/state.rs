//! How far a step is.

use worv_api::{Switch, SwitchOutcome, SwitchPhase, SwitchStep};

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::served::models) enum State {
    /// It is done.
    Done,
    /// It is being done.
    UnderWay,
    /// It comes later.
    Ahead,
    /// The switch failed in it.
    Failed,
}

impl State {
    /// The state of a step that was begun. `next` is the one that was begun after it, if any.
    pub(super) fn of(switch: &Switch, step: &SwitchStep, next: Option<&SwitchStep>) -> Self {
        if step.ended_at.is_none() && switch.outcome.is_none() {
            return Self::UnderWay;
        }
        // What is done to another profile afterwards is done because this step failed.
        let gave_up = next.is_some_and(|next| next.profile != step.profile && next.profile == switch.from);
        let failed_last = next.is_none() && switch.outcome == Some(SwitchOutcome::Failed);
        if gave_up && step.phase != SwitchPhase::Stopping || failed_last {
            Self::Failed
        } else {
            Self::Done
        }
    }

    /// The state as the style sheet calls it.
    pub(in crate::served::models) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::UnderWay => "under-way",
            Self::Ahead => "ahead",
            Self::Failed => "failed",
        }
    }
}
