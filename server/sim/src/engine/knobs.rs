//! Pace and faults, which can be changed while the engine runs.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Pace and faults. A change takes effect at the next token of every running request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knobs {
    /// From a request's turn to its first token, before the prompt's length is counted in.
    pub time_to_first_token: Duration,
    /// Added to the time to the first token for every token of the prompt.
    pub time_per_prompt_token: Duration,
    /// Between two tokens of one request.
    pub time_per_token: Duration,
    /// Tokens in one event of a stream, at most. Above one this is speculative decoding: one token, and as many of the
    /// others, the drafts, as are accepted; three in four are.
    pub tokens_per_chunk: usize,
    /// What befalls every request during its generation.
    pub fault: Option<Fault>,
    /// Answered to the next requests instead of an answer.
    pub refusal: Option<Refusal>,
    /// The process is gone: connections are broken and new ones refused until this is false again.
    pub down: bool,
}

/// A failure in the middle of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Fault {
    /// Tokens that are generated properly before it strikes.
    pub after_tokens: u64,
    /// What happens then.
    pub kind: FaultKind,
}

/// What happens in the middle of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Nothing more comes, until the knob is turned again.
    Stall,
    /// The connection is closed without an end of the body.
    Close,
    /// The engine reports an error: in a stream as an event, else as a 500.
    Error,
}

/// An error status given to the next inference requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Refusal {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// How many requests it is given to; counts down.
    pub next: u32,
}

/// A handle to the knobs of a running engine. Cheap to clone; all clones turn the same knobs.
#[derive(Clone, Debug)]
pub struct KnobsHandle(Arc<watch::Sender<Knobs>>);

impl Default for Knobs {
    /// Looks like a fast engine to a person: 150 ms to the first token, then about 80 tokens a second, two of three
    /// drafted.
    fn default() -> Self {
        Self {
            time_to_first_token: Duration::from_millis(150),
            time_per_prompt_token: Duration::from_micros(20),
            time_per_token: Duration::from_micros(12_500),
            tokens_per_chunk: 3,
            ..Self::instant()
        }
    }
}

impl Knobs {
    /// No waiting and no faults.
    pub fn instant() -> Self {
        Self {
            time_to_first_token: Duration::ZERO,
            time_per_prompt_token: Duration::ZERO,
            time_per_token: Duration::ZERO,
            tokens_per_chunk: 1,
            fault: None,
            refusal: None,
            down: false,
        }
    }
}

impl KnobsHandle {
    pub(super) fn new(knobs: Knobs) -> Self {
        Self(Arc::new(watch::Sender::new(knobs)))
    }

    /// The knobs as they stand.
    pub fn get(&self) -> Knobs {
        self.0.borrow().clone()
    }

    /// Turns knobs: `sim.knobs().turn(|knobs| knobs.down = true)`.
    pub fn turn(&self, change: impl FnOnce(&mut Knobs)) {
        self.0.send_modify(change);
    }

    pub(super) fn watch(&self) -> watch::Receiver<Knobs> {
        self.0.subscribe()
    }

    /// Takes one request off the refusal, if one is set.
    pub(super) fn take_refusal(&self) -> Option<u16> {
        let mut status = None;
        self.0.send_if_modified(|knobs| {
            let Some(refusal) = &mut knobs.refusal else {
                return false;
            };
            let status = status.insert(refusal.status);
            refusal.next = refusal.next.saturating_sub(1);
            if refusal.next == 0 {
                knobs.refusal = None;
            }
            *status != 0
        });
        status
    }
}
