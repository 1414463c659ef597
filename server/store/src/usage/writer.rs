//! The one task that writes usage: many requests end while a batch is on its way to the disk, and the next batch takes
//! them all.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use worv_core::{
    UnixMillis,
    key::KeyId,
    usage::{Durable, UsageRecord, UsageSink},
};

use super::{requests, sums};
use crate::{Store, StoreError, keys};

/// Records that wait at most, about 200 MB of them: a busy hour without a database.
const CAPACITY: usize = 500_000;

/// Records that one transaction takes, so that no other writer waits long for its turn.
const BATCH: usize = 1_024;

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// When a request's usage counts as recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk: neither a crash of the program nor of the machine can lose it.
    #[default]
    Strict,
    /// At once: what was recorded in the last moments before a crash may be lost.
    Relaxed,
}

/// Takes records without waiting and writes them in batches.
///
/// A batch that cannot be written is kept and tried again until it can. Its records may have reached the disk although
/// the database said otherwise; each is written once all the same, because its request id can be there only once.
pub struct Writer {
    records: mpsc::Sender<Entry>,
    durability: Durability,
    state: Arc<State>,
    closing: Mutex<Option<Closing>>,
}

/// How the writer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterStatus {
    /// Records that are not in the database yet.
    pub waiting: usize,
    /// Whether the latest batch could not be written and is being tried again.
    pub failing: bool,
    /// Records that were dropped because too many waited, or because they came after [`Writer::close`].
    pub dropped: u64,
}

#[derive(Default)]
struct State {
    waiting: AtomicUsize,
    failing: AtomicBool,
    dropped: AtomicU64,
}

struct Entry {
    record: UsageRecord,
    written: Option<oneshot::Sender<()>>,
}

struct Closing {
    begin: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What the task works with.
struct Batches {
    store: Store,
    state: Arc<State>,
    /// Ids of the models that have been written, by name.
    models: HashMap<String, i64>,
}

impl Writer {
    /// Starts the task that writes. It ends with [`Writer::close`], or after the last batch when the writer is dropped.
    pub fn start(store: Store, durability: Durability) -> Self {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        let (begin, closed) = oneshot::channel();
        let state = Arc::new(State::default());
        let batches = Batches {
            store,
            state: state.clone(),
            models: HashMap::new(),
        };
        let task = tokio::spawn(batches.run(receiver, closed));
        Self {
            records: sender,
            durability,
            state,
            closing: Mutex::new(Some(Closing { begin, task })),
        }
    }

    /// How the writer is doing.
    pub fn status(&self) -> WriterStatus {
        WriterStatus {
            waiting: self.state.waiting.load(Ordering::Relaxed),
            failing: self.state.failing.load(Ordering::Relaxed),
            dropped: self.state.dropped.load(Ordering::Relaxed),
        }
    }

    /// Takes no more records and returns when all that were taken are written. While the database does not answer that
    /// is never: the caller decides how long to wait.
    pub async fn close(&self) {
        if let Some(Closing { begin, task }) = self.closing.lock().await.take() {
            let _ = begin.send(());
            if let Err(error) = task.await {
                tracing::error!(%error, "the usage writer did not end in order");
            }
        }
    }
}

impl UsageSink for Writer {
    fn record(&self, usage: UsageRecord) -> Durable {
        let (written, on_disk) = oneshot::channel();
        let strict = self.durability == Durability::Strict;
        let entry = Entry {
            record: usage,
            written: strict.then_some(written),
        };
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.records.try_send(entry) {
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
            let (mpsc::error::TrySendError::Full(entry) | mpsc::error::TrySendError::Closed(entry)) = error;
            tracing::error!(record = ?entry.record, "usage was not recorded: too many records wait for the database");
            return Box::pin(std::future::ready(()));
        }
        Box::pin(async move {
            if strict {
                // An error means that the task is gone with the whole runtime; nobody is left to wait for.
                let _ = on_disk.await;
            }
        })
    }
}

impl Batches {
    async fn run(mut self, mut records: mpsc::Receiver<Entry>, mut closed: oneshot::Receiver<()>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut open = true;
        loop {
            tokio::select! {
                taken = records.recv_many(&mut batch, BATCH) => if taken == 0 { return },
                // Also when the writer was dropped: then the channel is closed anyway.
                _ = &mut closed, if open => {
                    open = false;
                    records.close();
                    continue;
                }
            }
            let (batch_records, waiting): (Vec<_>, Vec<_>) = mem::take(&mut batch)
                .into_iter()
                .map(|entry| (entry.record, entry.written))
                .unzip();
            self.write_until_done(&batch_records).await;
            self.state.waiting.fetch_sub(batch_records.len(), Ordering::Relaxed);
            for written in waiting.into_iter().flatten() {
                // The request may have stopped waiting.
                let _ = written.send(());
            }
        }
    }

    async fn write_until_done(&mut self, batch: &[UsageRecord]) {
        let mut pause = FIRST_RETRY;
        while let Err(error) = self.write(batch).await {
            if !self.state.failing.swap(true, Ordering::Relaxed) {
                tracing::error!(%error, records = batch.len(), "cannot write usage; it is kept and tried again");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_RETRY);
        }
        if self.state.failing.swap(false, Ordering::Relaxed) {
            tracing::info!(records = batch.len(), "usage is being written again");
        }
    }

    async fn write(&mut self, batch: &[UsageRecord]) -> Result<(), StoreError> {
        let written = self.try_write(batch).await;
        if written.is_err() {
            // Ids that were given in a transaction that came to nothing are nobody's.
            self.models.clear();
        }
        written
    }

    async fn try_write(&mut self, batch: &[UsageRecord]) -> Result<(), StoreError> {
        let mut transaction = self.store.begin().await?;
        for name in batch.iter().map(requests::model_name) {
            if let hash_map::Entry::Vacant(vacant) = self.models.entry(name) {
                let id = requests::model_id(&mut transaction, vacant.key()).await?;
                vacant.insert(id);
            }
        }
        let mut inserted = requests::insert_all(&mut transaction, batch, &self.models).await?;
        // Taken out, so that a request that is in the batch twice is counted once.
        let counted = batch.iter().filter(|record| inserted.remove(&record.request_id));
        sums::add_all(&mut transaction, counted, &self.models).await?;
        keys::touch_in(&mut transaction, &last_uses(batch)).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// When each key of a batch was last used. In the order of the keys, so that two servers cannot wait for each other.
fn last_uses(batch: &[UsageRecord]) -> BTreeMap<KeyId, UnixMillis> {
    let mut uses = BTreeMap::new();
    for record in batch {
        let latest = uses.entry(record.key).or_insert(record.started_at);
        *latest = record.started_at.max(*latest);
    }
    uses
}
