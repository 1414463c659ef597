//! The task behind [`super::Writer`]: takes batches to the database, or to the journal while that does not take them.

use std::{
    collections::{BTreeMap, HashMap, hash_map},
    error::Error,
    mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
    time::{sleep, timeout},
};
use worv_core::{UnixMillis, key::KeyId, usage::UsageRecord};

use super::{
    journal::Journal,
    requests, sums,
    writer::{Entry, State},
};
use crate::{Store, StoreError, keys};

/// Records that one transaction takes, so that no other writer waits long for its turn.
const BATCH: usize = 1_024;

/// How long one transaction may take before the database counts as away: responses wait for it.
const PATIENCE: Duration = Duration::from_secs(5);

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// What the task works with.
pub(super) struct Batches {
    store: Store,
    state: Arc<State>,
    /// None where there is no place for it: then batches that cannot be written wait in memory.
    journal: Option<Arc<Journal>>,
    /// Ids of the models that have been written, by name.
    models: HashMap<String, i64>,
    /// There while the journal holds what the database does not.
    recovery: Option<Recovery>,
}

/// The way back to the database.
struct Recovery {
    /// The next time to try.
    next: Pin<Box<dyn Future<Output = ()> + Send>>,
    pause: Duration,
    /// Up to here the journal has been written to the database since the task began or the database was away.
    from: u64,
    /// Whether the database took the latest piece: then it takes new batches as well.
    answers: bool,
}

impl Batches {
    pub(super) fn new(store: Store, state: Arc<State>, journal: Option<Journal>) -> Self {
        let left_over = journal
            .as_ref()
            .is_some_and(|journal| !matches!(journal.is_empty(), Ok(true)));
        Self {
            store,
            state,
            journal: journal.map(Arc::new),
            models: HashMap::new(),
            recovery: left_over.then(Recovery::at_once),
        }
    }

    /// Writes until there is nothing more to come.
    pub(super) async fn run(mut self, mut records: mpsc::Receiver<Entry>, mut closed: oneshot::Receiver<()>) {
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
                () = due(&mut self.recovery) => {
                    self.recover().await;
                    continue;
                }
            }
            let (batch_records, waiting): (Vec<_>, Vec<_>) = mem::take(&mut batch)
                .into_iter()
                .map(|entry| (entry.record, entry.written))
                .unzip();
            self.settle(&batch_records).await;
            self.state.waiting.fetch_sub(batch_records.len(), Ordering::Relaxed);
            for written in waiting.into_iter().flatten() {
                // The request may have stopped waiting.
                let _ = written.send(());
            }
        }
    }

    /// Gets a batch to the disk, one way or the other.
    async fn settle(&mut self, batch: &[UsageRecord]) {
        let mut away = self.recovery.as_ref().is_some_and(|recovery| !recovery.answers);
        let mut pause = FIRST_RETRY;
        loop {
            if !away {
                match self.write(batch).await {
                    Ok(()) => return self.succeeded(),
                    Err(error) => self.failed(&error),
                }
            }
            match self.append(batch).await {
                Ok(true) => {
                    self.recovery.get_or_insert_with(Recovery::soon).answers = false;
                    return;
                }
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "cannot write the usage journal either"),
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_RETRY);
            away = false;
        }
    }

    /// Takes the next piece of the journal to the database.
    async fn recover(&mut self) {
        let Some(mut recovery) = self.recovery.take() else {
            return;
        };
        match self.replay(recovery.from).await {
            Ok(Some(end)) => {
                self.recovery = Some(Recovery {
                    from: end,
                    answers: true,
                    ..Recovery::at_once()
                });
            }
            Ok(None) => self.succeeded(),
            Err(error) => {
                self.failed(&*error);
                recovery.answers = false;
                recovery.wait(&self.store);
                self.recovery = Some(recovery);
            }
        }
    }

    /// Writes a piece of the journal from the byte `from` on, and returns the byte after it; none at the end, where the
    /// journal is cleared. After a crash in between, pieces are written again, which changes nothing.
    async fn replay(&mut self, from: u64) -> Result<Option<u64>, Box<dyn Error + Send + Sync>> {
        let Some(journal) = self.journal.clone() else {
            return Ok(None);
        };
        let reader = Arc::clone(&journal);
        let (records, end) = spawn_blocking(move || reader.read(from, BATCH)).await??;
        if end == from {
            spawn_blocking(move || journal.clear()).await??;
            return Ok(None);
        }
        self.write(&records).await?;
        Ok(Some(end))
    }

    /// Adds a batch to the journal. False where there is none.
    async fn append(&mut self, batch: &[UsageRecord]) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let Some(journal) = self.journal.clone() else {
            return Ok(false);
        };
        let batch = batch.to_vec();
        spawn_blocking(move || journal.append(&batch)).await??;
        Ok(true)
    }

    fn failed(&self, error: &dyn Error) {
        if !self.state.failing.swap(true, Ordering::Relaxed) {
            tracing::error!(%error, "the database does not take usage; it is kept and written when it does");
        }
    }

    fn succeeded(&self) {
        let caught_up = self.recovery.is_none();
        if caught_up && self.state.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the database has all usage again");
        }
    }

    async fn write(&mut self, batch: &[UsageRecord]) -> Result<(), StoreError> {
        let written = timeout(PATIENCE, self.try_write(batch))
            .await
            .unwrap_or(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)));
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

impl Recovery {
    fn at_once() -> Self {
        Self {
            next: Box::pin(std::future::ready(())),
            pause: FIRST_RETRY,
            from: 0,
            answers: false,
        }
    }

    fn soon() -> Self {
        Self {
            next: Box::pin(sleep(FIRST_RETRY)),
            ..Self::at_once()
        }
    }

    /// Puts the next try off until the database answers, with a longer pause each time.
    fn wait(&mut self, store: &Store) {
        let (store, mut pause) = (store.clone(), self.pause);
        self.pause = (pause * 2).min(LAST_RETRY);
        self.next = Box::pin(async move {
            sleep(pause).await;
            while store.ping().await.is_err() {
                pause = (pause * 2).min(LAST_RETRY);
                sleep(pause).await;
            }
        });
    }
}

async fn due(recovery: &mut Option<Recovery>) {
    match recovery {
        Some(recovery) => (&mut recovery.next).await,
        None => std::future::pending().await,
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
