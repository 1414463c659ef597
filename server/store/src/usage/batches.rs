//! The task behind [`super::Writer`]: takes batches to the database, or to the journal while that does not take them.

use std::{
    collections::VecDeque,
    error::Error,
    io, mem,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at},
};
use worv_core::usage::UsageRecord;

use super::{
    batch::Batch,
    journal::Journal,
    recorder::Group,
    requests::Models,
    spent::{self, Own},
    under_way::UnderWay,
    waiting::tell,
    write_ahead::{Turn, WriteAhead},
    writer::{CAPACITY, Files, State},
};
use crate::{Store, StoreError};

mod transaction;

/// Records that one transaction takes, so that no other writer waits long for its turn.
const BATCH: usize = 4_096;

/// How often a transaction begins, at most, while nobody waits for it: the more records it takes, the less each costs.
const PAUSE: Duration = Duration::from_millis(200);

/// How long one transaction may take before the database counts as away: responses wait for it.
const PATIENCE: Duration = Duration::from_secs(5);

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// How often it is read what keys have spent elsewhere.
const READ_SPENT_EVERY: Duration = Duration::from_secs(1);

/// How long the end waits for a database that does not take what is in memory alone.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// What the task works with.
pub(super) struct Batches {
    store: Store,
    state: Arc<State>,
    /// None where there is no place for it: then batches that cannot be written wait in memory.
    journal: Option<Arc<Journal>>,
    under_way: Option<Arc<UnderWay>>,
    write_ahead: Option<Arc<WriteAhead>>,
    /// What the process before may not have brought to the database.
    left: Vec<(Option<Turn>, Vec<UsageRecord>)>,
    models: Models,
    own: Own,
    /// What neither the database nor the journal takes: a full disk stops neither the answers nor the count.
    held: VecDeque<(UsageRecord, Option<Turn>)>,
    /// There while something is in the journal or held that the database does not have.
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
    pub(super) fn new(store: Store, state: Arc<State>, files: Files) -> Self {
        let since = store.clock().now();
        let left_over = files
            .journal
            .as_ref()
            .is_some_and(|journal| !matches!(journal.is_empty(), Ok(true)));
        Self {
            store,
            state,
            journal: files.journal.map(Arc::new),
            under_way: files.under_way,
            write_ahead: files.write_ahead,
            left: files.left,
            models: Models::default(),
            own: Own::since(since),
            held: VecDeque::new(),
            recovery: left_over.then(Recovery::at_once),
        }
    }

    /// Writes until there is nothing more to come.
    pub(super) async fn run(mut self, mut groups: mpsc::UnboundedReceiver<Group>) {
        self.take_up().await;
        let mut beat = interval(READ_SPENT_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Batch::default();
        loop {
            let first = tokio::select! {
                group = groups.recv() => group,
                () = due(&mut self.recovery) => {
                    self.recover().await;
                    continue;
                }
                _ = beat.tick() => {
                    self.read_spent().await;
                    continue;
                }
            };
            let Some(first) = first else { break };
            let begun = Instant::now();
            let mut waiting = batch.take_in(first);
            while batch.len() < BATCH
                && let Ok(next) = groups.try_recv()
            {
                waiting.extend(batch.take_in(next));
            }
            while !batch.is_empty() {
                let rest = batch.split_off(BATCH);
                let settled = batch.len();
                self.settle(&mut batch).await;
                self.state.waiting.fetch_sub(settled, Ordering::Relaxed);
                self.store.backlog().settle(settled);
                batch.append(rest);
            }
            let is_urgent = !waiting.is_empty() || self.state.waiting.load(Ordering::Relaxed) >= BATCH;
            tell(waiting);
            if !is_urgent {
                // Whether it is over or somebody is in a hurry: on it goes.
                let _ = timeout_at(begun + PAUSE, self.store.backlog().hurried()).await;
            }
        }
        let end = Instant::now() + LAST_TRIES;
        while !self.held.is_empty() {
            if timeout_at(end, due(&mut self.recovery)).await.is_err() {
                let held = self.held.len();
                tracing::error!(
                    held,
                    "usage in memory could not be written; the next start finds what has a slot"
                );
                break;
            }
            self.recover().await;
        }
    }

    /// Records what the process before has left: behind the journal, if anything is in it, since the journal may have the
    /// end of a request whose slot was not emptied any more, and of two records the first counts.
    async fn take_up(&mut self) {
        let left = mem::take(&mut self.left);
        let behind_journal = self.recovery.is_some();
        for (turn, records) in left {
            let mut batch = Batch::new(records, turn);
            while !batch.is_empty() {
                let rest = batch.split_off(BATCH);
                if behind_journal {
                    self.set_aside(mem::take(&mut batch)).await;
                } else {
                    self.settle(&mut batch).await;
                }
                batch = rest;
            }
        }
        if let Some(recovery) = &mut self.recovery {
            recovery.next = Box::pin(std::future::ready(()));
        }
    }

    /// Gets a batch to the disk, one way or the other, and empties it. Only where there is no journal can this take long.
    async fn settle(&mut self, batch: &mut Batch) {
        let away = self.recovery.as_ref().is_some_and(|recovery| !recovery.answers);
        if !away && self.try_to_write(&batch.records).await {
            self.forget(batch);
            batch.clear();
            return self.succeeded();
        }
        self.set_aside(mem::take(batch)).await;
    }

    /// Keeps a batch that the database does not take.
    async fn set_aside(&mut self, batch: Batch) {
        let Some(journal) = self.journal.clone() else {
            return self.write_until_done(&batch).await;
        };
        let (batch, appended) = append(journal, batch).await;
        match appended {
            Ok(()) => self.forget(&batch),
            Err(error) => {
                if self.held.is_empty() {
                    tracing::error!(%error, "the usage journal does not take usage either; it is held in memory");
                }
                self.hold(batch);
            }
        }
        self.recovery.get_or_insert_with(Recovery::soon).answers = false;
    }

    /// Keeps trying while there is no other place.
    async fn write_until_done(&mut self, batch: &Batch) {
        let mut pause = FIRST_RETRY;
        loop {
            sleep(pause).await;
            if self.try_to_write(&batch.records).await {
                self.forget(batch);
                return self.succeeded();
            }
            pause = (pause * 2).min(LAST_RETRY);
        }
    }

    /// These records are safe: a kill can no longer take them.
    fn forget(&self, batch: &Batch) {
        if let Some(write_ahead) = &self.write_ahead {
            for (turn, count) in batch.turns() {
                write_ahead.release(turn, count);
            }
        }
        if let Some(under_way) = &self.under_way {
            under_way.forget(batch.records_outside_the_log());
            under_way.sweep();
        }
    }

    /// Keeps a batch in memory, as far as there is room.
    fn hold(&mut self, batch: Batch) {
        let room = CAPACITY.saturating_sub(self.held.len());
        let dropped = batch.len().saturating_sub(room);
        if dropped > 0 {
            tracing::error!(dropped, "usage was not recorded: too much of it is held in memory");
            self.state.dropped.fetch_add(dropped as u64, Ordering::Relaxed);
        }
        self.state.waiting.fetch_add(batch.len() - dropped, Ordering::Relaxed);
        self.held.extend(batch.into_each().take(room));
    }

    /// Takes the next piece of what is in the journal, and then of what is held, to the database. What is held came
    /// later.
    async fn recover(&mut self) {
        let Some(mut recovery) = self.recovery.take() else {
            return;
        };
        let replayed = match self.replay(recovery.from).await {
            Ok(None) if !self.held.is_empty() => self.write_held().await.map(|()| Some(0)),
            replayed => replayed,
        };
        match replayed {
            Ok(Some(from)) => {
                self.recovery = Some(Recovery {
                    from,
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

    async fn write_held(&mut self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let piece: Batch = self.held.iter().take(BATCH).cloned().collect();
        self.write(&piece.records).await?;
        self.forget(&piece);
        self.held.drain(..piece.len());
        self.state.waiting.fetch_sub(piece.len(), Ordering::Relaxed);
        Ok(())
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

    async fn try_to_write(&mut self, batch: &[UsageRecord]) -> bool {
        let written = self.write(batch).await;
        if let Err(error) = &written {
            self.failed(error);
        }
        written.is_ok()
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

    /// Tells what keys have spent elsewhere. Between two batches, so that what this process has written is known.
    async fn read_spent(&mut self) {
        let away = self.recovery.as_ref().is_some_and(|recovery| !recovery.answers);
        if away {
            return;
        }
        match timeout(PATIENCE, spent::elsewhere(&self.store, &self.own)).await {
            Ok(Ok(spent)) => {
                self.state.spent.send_replace(Some(Arc::new(spent)));
            }
            Ok(Err(error)) => tracing::debug!(%error, "cannot read what keys have spent"),
            Err(_) => tracing::debug!("the database is slow to tell what keys have spent"),
        }
    }

    async fn write(&mut self, batch: &[UsageRecord]) -> Result<(), StoreError> {
        let written = timeout(PATIENCE, self.try_write(batch))
            .await
            .unwrap_or(Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)));
        if written.is_err() {
            // Ids that were given in a transaction that came to nothing are nobody's.
            self.models.forget();
        } else {
            self.own.add(batch);
        }
        written
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

/// Adds a batch to the journal and gives it back.
async fn append(journal: Arc<Journal>, batch: Batch) -> (Batch, io::Result<()>) {
    let work = move || {
        let appended = journal.append(&batch.records);
        (batch, appended)
    };
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn due(recovery: &mut Option<Recovery>) {
    match recovery {
        Some(recovery) => (&mut recovery.next).await,
        None => std::future::pending().await,
    }
}
