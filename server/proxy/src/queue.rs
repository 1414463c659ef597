//! Room at the engine: how many requests are under way, who is next where there is no room, and whether anybody is let in at all.
//!
//! Who waits is served by weighted fair queueing over keys: each key has a line of its own, and the line goes next that has
//! had the least for its weight. So a caller with a thousand requests delays another's one by a request, not by a thousand.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, timeout},
};
use worv_core::key::KeyId;

#[cfg(test)]
mod tests;

/// What one request of a key of weight 1 adds to what its line has had. Divisible by many weights.
const STRIDE: u64 = 720_720_000;

/// Longest wait that a caller is told of where nothing but the pace of late says how long it may take.
const LONGEST_GUESS: Duration = Duration::from_mins(1);

/// Whether new requests are let through to the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intake {
    /// They are, as far as there is room.
    #[default]
    Open,
    /// They wait, as while the model is being switched. Those that were admitted before go on.
    Held {
        /// How long this is expected to last from now on; callers who have waited in vain are told what is left of it.
        expected: Option<Duration>,
    },
}

/// The bounds of what may be under way and what may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueLimits {
    /// Requests under way at the same time.
    pub(crate) concurrency: usize,
    /// Requests that wait.
    pub(crate) length: usize,
    /// Bytes that the bodies of those have together.
    pub(crate) bytes: usize,
    /// How long one waits at most.
    pub(crate) patience: Duration,
}

/// The place where requests are let through, or wait.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: QueueLimits,
    /// Held for a few steps only, never across a wait.
    state: Mutex<State>,
    /// Told whenever nothing is under way any more.
    idle: Notify,
}

/// A request's right to be under way. Dropping it lets the next one in.
#[derive(Debug)]
pub(crate) struct Slot {
    queue: Arc<Queue>,
    /// How long the request waited for it.
    pub(crate) waited: Duration,
}

/// Why a request was not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom {
    /// When trying again may help.
    pub(crate) retry_after: Duration,
    /// Whether that is because nobody is let in at the moment.
    pub(crate) held: bool,
}

#[derive(Debug, Default)]
struct State {
    intake: Intake,
    /// When the intake is expected to open again.
    opens_at: Option<Instant>,
    under_way: usize,
    waiting: usize,
    waiting_bytes: usize,
    lines: HashMap<KeyId, Line>,
    /// How much the line has had that was served last: a new line begins there.
    served: u64,
    next_ticket: u64,
    /// The average time between two requests that end while others wait.
    pace: Duration,
    ended_at: Option<Instant>,
}

/// The requests of one key that wait, the first one first.
#[derive(Debug, Default)]
struct Line {
    /// How much this line has had, for its weight.
    had: u64,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    bytes: usize,
    step: u64,
    let_in: oneshot::Sender<Slot>,
}

/// Takes a request out of its line when its caller no longer waits.
struct Place<'a> {
    queue: &'a Queue,
    key: KeyId,
    ticket: u64,
}

impl Queue {
    pub(crate) fn new(limits: QueueLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            state: Mutex::default(),
            idle: Notify::new(),
        })
    }

    /// Waits for room for a request of `key`, whose body has `bytes`.
    pub(crate) async fn enter(self: &Arc<Self>, key: KeyId, weight: u16, bytes: usize) -> Result<Slot, NoRoom> {
        let (place, let_in) = {
            let mut state = self.state();
            if state.waiting == 0 && state.has_room(self.limits.concurrency) {
                state.under_way += 1;
                return Ok(self.slot());
            }
            if state.waiting >= self.limits.length || state.waiting_bytes + bytes > self.limits.bytes {
                return Err(state.no_room());
            }
            let (sender, receiver) = oneshot::channel();
            let ticket = state.line_up(key, weight, bytes, sender);
            (
                Place {
                    queue: self,
                    key,
                    ticket,
                },
                receiver,
            )
        };
        let since = Instant::now();
        let let_in = timeout(self.limits.patience, let_in).await;
        drop(place);
        match let_in {
            Ok(Ok(mut slot)) => {
                slot.waited = since.elapsed();
                Ok(slot)
            }
            _ => Err(self.state().no_room()),
        }
    }

    /// Lets requests through from now on, or none.
    pub(crate) fn set_intake(self: &Arc<Self>, intake: Intake) {
        let mut state = self.state();
        state.intake = intake;
        state.opens_at = match intake {
            Intake::Held {
                expected: Some(expected),
            } => Some(Instant::now() + expected),
            _ => None,
        };
        drop(state);
        self.let_in();
    }

    /// Resolves when nothing is under way.
    pub(crate) async fn drained(&self) {
        loop {
            let mut idle = std::pin::pin!(self.idle.notified());
            idle.as_mut().enable();
            if self.state().under_way == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Requests that wait.
    pub(crate) fn waiting(&self) -> u64 {
        self.state().waiting as u64
    }

    /// Lets in whoever there is room for.
    fn let_in(self: &Arc<Self>) {
        loop {
            let next = {
                let mut state = self.state();
                if !state.has_room(self.limits.concurrency) {
                    return;
                }
                let Some(next) = state.next() else { return };
                state.under_way += 1;
                next
            };
            // One who has just left drops the slot, which lets in the next.
            let _left = next.let_in.send(self.slot());
        }
    }

    /// For a request that is counted as under way.
    fn slot(self: &Arc<Self>) -> Slot {
        Slot {
            queue: Arc::clone(self),
            waited: Duration::ZERO,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.under_way -= 1;
        let (idle, others_wait) = (state.under_way == 0, state.waiting > 0);
        if others_wait {
            state.note_end();
        }
        drop(state);
        if idle {
            self.queue.idle.notify_waiters();
        }
        if others_wait {
            self.queue.let_in();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queue.state().leave(self.key, self.ticket);
    }
}

impl State {
    fn has_room(&self, concurrency: usize) -> bool {
        self.intake == Intake::Open && self.under_way < concurrency
    }

    fn line_up(&mut self, key: KeyId, weight: u16, bytes: usize, let_in: oneshot::Sender<Slot>) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting += 1;
        self.waiting_bytes += bytes;
        let line = self.lines.entry(key).or_default();
        if line.waiting.is_empty() {
            // Not having waited saves up nothing.
            line.had = line.had.max(self.served);
        }
        line.waiting.push_back(Waiting {
            ticket,
            bytes,
            step: STRIDE / u64::from(weight.max(1)),
            let_in,
        });
        ticket
    }

    /// Takes the next request out of its line.
    fn next(&mut self) -> Option<Waiting> {
        let waiting = self.lines.iter_mut().filter(|(_, line)| !line.waiting.is_empty());
        let (_, line) = waiting.min_by_key(|(key, line)| (line.had, **key))?;
        let next = line.waiting.pop_front()?;
        self.served = line.had;
        line.had += next.step;
        self.forget(&next);
        Some(next)
    }

    fn leave(&mut self, key: KeyId, ticket: u64) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        let place = line.waiting.iter().position(|waiting| waiting.ticket == ticket);
        if let Some(left) = place.and_then(|place| line.waiting.remove(place)) {
            self.forget(&left);
        }
    }

    /// Counts a request that waits no longer.
    fn forget(&mut self, gone: &Waiting) {
        self.waiting -= 1;
        self.waiting_bytes -= gone.bytes;
        if self.waiting == 0 {
            self.lines.clear();
            self.ended_at = None;
        }
    }

    /// Takes notice of how fast room becomes free: a quarter of each new observation.
    fn note_end(&mut self) {
        let now = Instant::now();
        if let Some(before) = self.ended_at.replace(now) {
            self.pace = (self.pace * 3 + (now - before)) / 4;
        }
    }

    fn no_room(&self) -> NoRoom {
        let held = self.intake != Intake::Open;
        let left = self
            .opens_at
            .map(|opens_at| opens_at.saturating_duration_since(Instant::now()));
        let ahead = u32::try_from(self.waiting).unwrap_or(u32::MAX);
        let guess = self.pace.saturating_mul(ahead).min(LONGEST_GUESS);
        NoRoom {
            retry_after: left.unwrap_or(guess),
            held,
        }
    }
}
