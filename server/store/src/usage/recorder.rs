//! The thread that makes records safe: while the disk works many requests end, and the next write takes them all.
//!
//! It is a thread of its own because it waits for the disk, and nothing else: a request that has ended is told by it at
//! once, whatever the database does.

use std::{
    io, mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};
use worv_core::usage::UsageRecord;

use super::{
    under_way::UnderWay,
    waiting::{Waiting, tell},
    write_ahead::{Turn, WriteAhead},
};

/// How often the disk is written to, at most. Under load many records share a write, and none waits longer than this for
/// it; on its own, a record does not wait at all.
const PAUSE: Duration = Duration::from_millis(2);

/// Takes records, from any thread and without waiting. Closed when dropped.
pub(super) struct Recorder {
    queue: Arc<Queue>,
}

/// A record on its way, and who waits until it is safe.
pub(super) struct Entry {
    pub(super) record: UsageRecord,
    pub(super) waiting: Option<Waiting>,
}

/// Records that were taken at the same time.
pub(super) struct Group {
    pub(super) entries: Vec<Entry>,
    /// Where they are in the write-ahead log; none where they are not, and whoever waits for them still does.
    pub(super) turn: Option<Turn>,
}

/// What the thread works with.
pub(super) struct Files {
    pub(super) write_ahead: Option<Arc<WriteAhead>>,
    pub(super) under_way: Option<Arc<UnderWay>>,
    /// Whether a record is safe only when the disk says so.
    pub(super) synced: bool,
}

#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    more: Condvar,
}

#[derive(Default)]
struct QueueState {
    entries: Vec<Entry>,
    /// Whether the thread sleeps until something comes.
    idle: bool,
    closed: bool,
}

impl Recorder {
    /// Starts the thread. Whatever it takes goes on to `groups`, in order; it ends when it is closed.
    pub(super) fn start(files: Files, groups: mpsc::UnboundedSender<Group>) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        thread::Builder::new()
            .name("usage".to_owned())
            .spawn(move || run(&taken, &files, &groups))?;
        Ok(Self { queue })
    }

    /// Takes a record, or gives it back if it comes after [`Recorder::close`].
    pub(super) fn push(&self, entry: Entry) -> Result<(), Box<Entry>> {
        let mut state = self.queue.state();
        if state.closed {
            return Err(Box::new(entry));
        }
        state.entries.push(entry);
        let is_waited_for = mem::take(&mut state.idle);
        drop(state);
        if is_waited_for {
            self.queue.more.notify_one();
        }
        Ok(())
    }

    /// Takes no more.
    pub(super) fn close(&self) {
        self.queue.state().closed = true;
        self.queue.more.notify_one();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        // Nothing that is done under the lock can leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something is there. False when nothing will come any more.
    fn wait(&self) -> bool {
        let waits = |state: &mut QueueState| {
            state.idle = state.entries.is_empty() && !state.closed;
            state.idle
        };
        let state = self.more.wait_while(self.state(), waits);
        !state.unwrap_or_else(PoisonError::into_inner).entries.is_empty()
    }

    /// Lets time pass until then, or until nothing will come any more.
    fn rest_until(&self, then: Instant) {
        let left = then.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            drop(self.more.wait_timeout_while(self.state(), left, |state| !state.closed));
        }
    }

    /// All that is there.
    fn take(&self) -> Vec<Entry> {
        mem::take(&mut self.state().entries)
    }
}

fn run(queue: &Queue, files: &Files, groups: &mpsc::UnboundedSender<Group>) {
    let mut failing = false;
    let mut next = Instant::now();
    while queue.wait() {
        queue.rest_until(next);
        next = Instant::now() + PAUSE;
        let mut entries = queue.take();
        let turn = match files.append(&entries) {
            Ok(turn) => {
                failing = false;
                turn
            }
            Err(error) => {
                if !mem::replace(&mut failing, true) {
                    tracing::error!(%error, "the write-ahead log does not take usage; answers wait for the database");
                }
                None
            }
        };
        if turn.is_some() {
            tell(entries.iter_mut().filter_map(|entry| entry.waiting.take()));
        }
        if groups.send(Group { entries, turn }).is_err() {
            return;
        }
    }
}

impl Files {
    /// Makes records safe, where there is a place for that.
    fn append(&self, entries: &[Entry]) -> io::Result<Option<Turn>> {
        let records = || entries.iter().map(|entry| &entry.record);
        let appended = self.write_ahead.as_ref().map(|log| log.append(records(), self.synced));
        let Some(under_way) = &self.under_way else {
            return appended.transpose();
        };
        match &appended {
            Some(Ok(_)) => under_way.forget(records()),
            // A kill finds them there as they ended.
            Some(Err(_)) | None => records().for_each(|record| under_way.end(record)),
        }
        appended.transpose()
    }
}
