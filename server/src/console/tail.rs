//! The requests that end, for the lists of requests that are open and grow.
//!
//! The data path hands each record over without waiting, and only while somebody is watching. What is more than the watchers
//! can be shown is left out: the list itself has all of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Mutex, broadcast, mpsc},
    time::sleep,
};
use worv_core::usage::{Durable, UsageRecord, UsageSink};

/// How often watchers are told, at most.
const PAUSE: Duration = Duration::from_millis(500);

/// The same while more ends than anybody could read: a list that changes more often costs the browser and shows no more.
const LONG_PAUSE: Duration = Duration::from_secs(3);

/// Records a second that can still be read.
const READABLE: u128 = 20;

/// Records that wait to be told, at most.
const WAITING: usize = 2_048;

/// Records that watchers are told of at once: the latest.
const TOLD: usize = 200;

/// Batches that a slow watcher may be behind before some are left out.
const BACKLOG: usize = 4;

/// The requests that have ended since the last time, the latest first.
pub type Batch = Arc<[UsageRecord]>;

/// Where records come in and batches go out.
pub struct Tail {
    records: mpsc::Sender<UsageRecord>,
    incoming: Mutex<mpsc::Receiver<UsageRecord>>,
    batches: broadcast::Sender<Batch>,
    watchers: AtomicUsize,
}

/// One list that is open.
pub struct TailWatcher {
    tail: Arc<Tail>,
    batches: broadcast::Receiver<Batch>,
}

/// A sink that shows what it takes to the watchers before it passes it on.
struct TailedSink {
    tail: Arc<Tail>,
    sink: Arc<dyn UsageSink>,
}

impl Tail {
    /// Nobody watches yet.
    pub fn new() -> Arc<Self> {
        let (records, incoming) = mpsc::channel(WAITING);
        Arc::new(Self {
            records,
            incoming: Mutex::new(incoming),
            batches: broadcast::Sender::new(BACKLOG),
            watchers: AtomicUsize::new(0),
        })
    }

    /// Collects records and tells the watchers, for ever.
    pub async fn run(&self) {
        let mut incoming = self.incoming.lock().await;
        let mut records = Vec::new();
        let mut pause = PAUSE;
        while incoming.recv_many(&mut records, WAITING).await > 0 {
            sleep(pause).await;
            while let Ok(record) = incoming.try_recv() {
                records.push(record);
            }
            pause = next_pause(records.len(), pause);
            let latest: Batch = records.drain(..).rev().take(TOLD).collect();
            // Nobody watching any more is fine.
            let _ = self.batches.send(latest);
        }
    }

    /// Watches what ends from now on.
    pub fn watch(self: &Arc<Self>) -> TailWatcher {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        TailWatcher {
            tail: Arc::clone(self),
            batches: self.batches.subscribe(),
        }
    }

    /// A sink that shows to the watchers what this one takes.
    pub fn shown<S: UsageSink + 'static>(self: &Arc<Self>, sink: &Arc<S>) -> Arc<dyn UsageSink> {
        Arc::new(TailedSink {
            tail: Arc::clone(self),
            sink: Arc::<S>::clone(sink),
        })
    }

    /// Takes a record if somebody is watching and there is room; never waits.
    fn show(&self, record: &UsageRecord) {
        if self.watchers.load(Ordering::Relaxed) > 0 {
            let _ = self.records.try_send(record.clone());
        }
    }
}

/// How long records are collected after so many have come in a pause.
fn next_pause(records: usize, pause: Duration) -> Duration {
    if records as u128 * 1_000 > READABLE * pause.as_millis() {
        LONG_PAUSE
    } else {
        PAUSE
    }
}

impl TailWatcher {
    /// What has ended since the last time, or as much of it as a slow watcher can still be told.
    pub async fn next(&mut self) -> Batch {
        loop {
            match self.batches.recv().await {
                Ok(batch) => return batch,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                // The sender is in the tail, which this watcher holds.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Drop for TailWatcher {
    fn drop(&mut self) {
        self.tail.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl UsageSink for TailedSink {
    fn begin(&self, usage: &UsageRecord) {
        self.sink.begin(usage);
    }

    fn progress(&self, usage: &UsageRecord) {
        self.sink.progress(usage);
    }

    fn record(&self, usage: UsageRecord) -> Durable {
        self.tail.show(&usage);
        self.sink.record(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use worv_core::{Clock, Entropy, UnixMillis, id::RequestId, key::KeyId, usage::Endpoint};

    struct Ignore;

    impl UsageSink for Ignore {
        fn record(&self, _: UsageRecord) -> Durable {
            Box::pin(std::future::ready(()))
        }
    }

    fn record(key: i64) -> UsageRecord {
        let id = RequestId::new(&Clock::manual(UnixMillis(0)), &Entropy::System);
        UsageRecord::begun(id, KeyId(key), Endpoint::Messages, UnixMillis(0))
    }

    #[test]
    fn a_list_that_nobody_could_read_changes_less_often() {
        assert_eq!(next_pause(10, PAUSE), PAUSE);
        assert_eq!(next_pause(11, PAUSE), LONG_PAUSE);
        assert_eq!(next_pause(61, LONG_PAUSE), LONG_PAUSE);
        assert_eq!(next_pause(60, LONG_PAUSE), PAUSE);
    }

    #[tokio::test]
    async fn watchers_are_told_the_latest_and_nobody_else_is_waited_for() {
        let tail = Tail::new();
        let sink = tail.shown(&Arc::new(Ignore));
        drop(sink.record(record(-1)));
        let (mut watcher, slow) = (tail.watch(), tail.watch());
        // More than there is room for: a record that does not fit is left out at once.
        for key in 0..3_000 {
            drop(sink.record(record(key)));
        }
        let running = tokio::spawn({
            let tail = Arc::clone(&tail);
            async move { tail.run().await }
        });
        let batch = watcher.next().await;
        let keys: Vec<_> = batch.iter().map(|record| record.key.0).collect();
        assert_eq!(keys, (1_848..2_048).rev().collect::<Vec<_>>());
        drop((watcher, slow));
        drop(sink.record(record(1)));
        assert_eq!(tail.watchers.load(Ordering::Relaxed), 0);
        running.abort();
    }
}
