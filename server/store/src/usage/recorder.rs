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

/// How often the disk is written to, at most, for few records. Under load many records share a write, and none waits
/// longer than this for it; on its own, a record does not wait at all.
const PAUSE: Duration = Duration::from_millis(2);

/// As soon as so many wait, the pause is over: what a write costs is little for each of them.
const ENOUGH: usize = 32;

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
    /// The thread sleeps until there are so many; 0 while it does not.
    wanted: usize,
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
        let is_waited_for = state.entries.len() == state.wanted;
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
        let state = self.more.wait_while(self.state(), |state| state.lacks(1));
        !state.unwrap_or_else(PoisonError::into_inner).entries.is_empty()
    }

    /// Waits until then, or until enough is there or nothing will come any more.
    fn rest_until(&self, then: Instant) {
        let left = then.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            drop(
                self.more
                    .wait_timeout_while(self.state(), left, |state| state.lacks(ENOUGH)),
            );
        }
    }

    /// All that is there.
    fn take(&self) -> Vec<Entry> {
        let mut state = self.state();
        state.wanted = 0;
        mem::take(&mut state.entries)
    }
}

impl QueueState {
    /// Whether there are not yet so many entries; then whoever adds the last of them wakes the thread.
    fn lacks(&mut self, wanted: usize) -> bool {
        self.wanted = wanted;
        self.entries.len() < wanted && !self.closed
    }
}

fn run(queue: &Queue, files: &Files, groups: &mpsc::UnboundedSender<Group>) {
    let mut failing = false;
    let mut next = Instant::now();
    loop {
        // In this order, so that the first record of many wakes nobody.
        queue.rest_until(next);
        if !queue.wait() {
            return;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::journal::tests::record;

    fn recorder() -> Recorder {
        Recorder { queue: Arc::default() }
    }

    fn push(recorder: &Recorder, records: usize) {
        for seed in 0..records {
            let entry = Entry {
                record: record(seed as u64),
                waiting: None,
            };
            assert!(recorder.push(entry).is_ok());
        }
    }

    #[test]
    fn the_rest_is_over_as_soon_as_enough_is_there() {
        let recorder = recorder();
        push(&recorder, 1);
        let queue = Arc::clone(&recorder.queue);
        let resting = thread::spawn(move || {
            let late = Instant::now() + Duration::from_mins(1);
            queue.rest_until(late);
            assert!(Instant::now() < late, "nobody woke it");
            queue.take().len()
        });
        while recorder.queue.state().wanted != ENOUGH {
            thread::yield_now();
        }
        push(&recorder, ENOUGH - 1);
        assert_eq!(resting.join().unwrap(), ENOUGH);
    }

    #[test]
    fn who_waits_for_the_first_is_woken_by_it_and_by_the_end() {
        let recorder = recorder();
        for ends in [false, true] {
            let queue = Arc::clone(&recorder.queue);
            let waiting = thread::spawn(move || queue.wait());
            while recorder.queue.state().wanted != 1 {
                thread::yield_now();
            }
            if ends {
                recorder.close();
            } else {
                push(&recorder, 1);
            }
            assert_eq!(waiting.join().unwrap(), !ends);
            recorder.queue.take();
        }
    }
}
