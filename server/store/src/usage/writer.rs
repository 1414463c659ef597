//! What writes usage: a thread that makes each record safe at once, and behind it a task that brings many of them to the
//! database together.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
};
use worv_core::usage::{Durable, UsageRecord, UsageSink};

use super::{
    batches::Batches,
    journal::Journal,
    recorder::{self, Entry, Recorder},
    spent::SpentElsewhere,
    under_way::UnderWay,
    waiting::wait,
    write_ahead::{Turn, WriteAhead},
};
use crate::Store;

/// Records that wait at most, about 200 MB of them.
pub(super) const CAPACITY: usize = 500_000;

const JOURNAL: &str = "usage.journal";
const UNDER_WAY: &str = "usage.under-way";
const WRITE_AHEAD: &str = "usage.ahead";

/// When a request's usage counts as recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk: neither a crash of the program nor of the machine can lose it.
    #[default]
    Strict,
    /// At once: what was recorded in the last moments before a crash may be lost.
    Relaxed,
}

/// Takes records without waiting, makes each safe in a file, and writes them to the database in batches.
///
/// A batch that the database does not take is kept and tried again until it does. Its records may have got there
/// although the database said otherwise; each is written once all the same, because its request id can be there only
/// once.
pub struct Writer {
    recorder: Recorder,
    store: Store,
    durability: Durability,
    state: Arc<State>,
    under_way: Option<Arc<UnderWay>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// How the writer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterStatus {
    /// Records that are neither in the database nor in the journal yet.
    pub waiting: usize,
    /// Whether the database does not take records, or lacks some that are in the journal.
    pub failing: bool,
    /// Records that were dropped because too many waited, or because they came after [`Writer::close`].
    pub dropped: u64,
    /// Requests that a kill would have taken without a trace, since they could not be noted when they were admitted.
    pub untracked: u64,
}

/// What the writer and its task tell each other.
#[derive(Default)]
pub(super) struct State {
    /// None until it has been read for the first time.
    pub(super) spent: watch::Sender<Option<Arc<SpentElsewhere>>>,
    pub(super) waiting: AtomicUsize,
    pub(super) failing: AtomicBool,
    pub(super) dropped: AtomicU64,
}

/// What outlives the process.
#[derive(Default)]
pub(super) struct Files {
    /// None where there is no place for it: then batches that cannot be written wait in memory.
    pub(super) journal: Option<Journal>,
    pub(super) under_way: Option<Arc<UnderWay>>,
    pub(super) write_ahead: Option<Arc<WriteAhead>>,
    /// What the process before may not have brought to the database, in the order in which it counts.
    pub(super) left: Vec<(Option<Turn>, Vec<UsageRecord>)>,
}

impl Writer {
    /// Starts the task that writes. It ends with [`Writer::close`], or after the last batch when the writer is dropped.
    ///
    /// While the database does not take them, records stay in memory, and strict ones keep their responses waiting.
    ///
    /// # Errors
    /// Where the system has no room for another thread.
    pub fn start(store: Store, durability: Durability) -> io::Result<Self> {
        Self::spawn(store, durability, Files::default())
    }

    /// As [`Writer::start`], with files in `folder` that outlive the process.
    ///
    /// A record is safe once it is in `usage.ahead`; the database has it a moment later. While the database does not take
    /// records, they are in `usage.journal`, also over a restart, and are written when it takes them again. Where the
    /// disk is full too, or 256 MiB are in the journal, records are held in memory, and responses do not wait for them.
    ///
    /// Requests under way are noted in `usage.under-way`: what a killed process has left there is recorded now, requests
    /// that had ended as they ended, the others as lost.
    ///
    /// # Errors
    /// Where a file cannot be opened, or another process has it open.
    pub fn start_in(store: Store, durability: Durability, folder: &Path) -> io::Result<Self> {
        let journal = Journal::open(&folder.join(JOURNAL))?;
        let (write_ahead, ended) = WriteAhead::open(&folder.join(WRITE_AHEAD))?;
        let (under_way, cut) = UnderWay::open(&folder.join(UNDER_WAY))?;
        let ended = ended.into_iter().map(|(turn, records)| (Some(turn), records));
        let files = Files {
            journal: Some(journal),
            under_way: Some(Arc::new(under_way)),
            write_ahead: Some(Arc::new(write_ahead)),
            left: ended.chain([(None, cut)]).collect(),
        };
        Self::spawn(store, durability, files)
    }

    fn spawn(store: Store, durability: Durability, files: Files) -> io::Result<Self> {
        let (groups, taken) = mpsc::unbounded_channel();
        let state = Arc::new(State::default());
        let under_way = files.under_way.clone();
        let recorder_files = recorder::Files {
            write_ahead: files.write_ahead.clone(),
            under_way: under_way.clone(),
            synced: durability == Durability::Strict,
        };
        let recorder = Recorder::start(recorder_files, groups)?;
        let batches = Batches::new(store.clone(), Arc::clone(&state), files);
        Ok(Self {
            recorder,
            store,
            durability,
            state,
            under_way,
            task: Mutex::new(Some(tokio::spawn(batches.run(taken)))),
        })
    }

    /// How the writer is doing.
    pub fn status(&self) -> WriterStatus {
        WriterStatus {
            waiting: self.state.waiting.load(Ordering::Relaxed),
            failing: self.state.failing.load(Ordering::Relaxed),
            dropped: self.state.dropped.load(Ordering::Relaxed),
            untracked: self.under_way.as_ref().map_or(0, |under_way| under_way.untracked()),
        }
    }

    /// What keys have spent of their budgets elsewhere, about once a second while the database answers; none until it has
    /// been read for the first time.
    pub fn spent_elsewhere(&self) -> watch::Receiver<Option<Arc<SpentElsewhere>>> {
        self.state.spent.subscribe()
    }

    /// Takes no more records and returns when all that were taken are in the database or in the journal. Where neither
    /// takes them, the next start may find them among the requests under way; without files, this returns never while
    /// the database does not answer, and the caller decides how long to wait.
    pub async fn close(&self) {
        if let Some(task) = self.task.lock().await.take() {
            self.recorder.close();
            self.store.backlog().hurry();
            if let Err(error) = task.await {
                tracing::error!(%error, "the usage writer did not end in order");
            }
        }
    }
}

impl UsageSink for Writer {
    fn begin(&self, usage: &UsageRecord) {
        if let Some(under_way) = &self.under_way {
            under_way.begin(usage);
        }
    }

    fn progress(&self, usage: &UsageRecord) {
        if let Some(under_way) = &self.under_way {
            under_way.progress(usage);
        }
    }

    fn record(&self, usage: UsageRecord) -> Durable {
        let strict = self.durability == Durability::Strict;
        let (waiting, told) = strict.then(wait).unzip();
        let entry = Entry { record: usage, waiting };
        let has_room = self.state.waiting.fetch_add(1, Ordering::Relaxed) < CAPACITY;
        let pushed = if has_room {
            self.recorder.push(entry)
        } else {
            Err(Box::new(entry))
        };
        if let Err(entry) = pushed {
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
            self.state.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::error!(record = ?entry.record, "usage was not recorded: too many records wait for the database");
            return Box::pin(std::future::ready(()));
        }
        self.store.backlog().add();
        Box::pin(async move {
            if let Some(told) = told {
                // An error means that the thread is gone with the whole process; nobody is left to wait for.
                let _ = told.await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::RequestQuery;
    use tempfile::TempDir;
    use worv_core::{
        Clock, Entropy, UnixMillis,
        id::RequestId,
        key::KeyId,
        usage::{ClientKind, Endpoint, Outcome},
    };

    #[tokio::test]
    async fn a_full_disk_stops_neither_the_answers_nor_the_count() {
        let home = TempDir::new().unwrap();
        let url = format!("sqlite://{}/worv.db", home.path().display());
        let clock = Clock::manual(UnixMillis(1_790_000_000_000));
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let files = Files {
            journal: Some(Journal::with_room(&home.path().join(JOURNAL), 0).unwrap()),
            ..Files::default()
        };
        let writer = Writer::spawn(store.clone(), Durability::Strict, files).unwrap();
        let mut connection = store.begin().await.unwrap();
        sqlx::query("ALTER TABLE requests RENAME TO hidden")
            .execute(&mut *connection)
            .await
            .unwrap();
        connection.commit().await.unwrap();

        for _ in 0..3 {
            let record = UsageRecord {
                request_id: RequestId::new(&clock, &Entropy::System),
                key: KeyId(1),
                endpoint: Endpoint::Messages,
                requested_model: String::new(),
                served_model: String::new(),
                stream: true,
                prompt_tokens: 1,
                cached_tokens: 0,
                completion_tokens: 1,
                reasoning_tokens: 0,
                outcome: Outcome::Done,
                status: 200,
                started_at: clock.now(),
                first_byte_ms: None,
                duration_ms: 1,
                queue_ms: 0,
                overhead_us: 0,
                client: ClientKind::Other,
                granted_tokens: None,
                clamped: false,
                chat_user: None,
            };
            writer.record(record).await;
        }
        let status = writer.status();
        assert_eq!((status.waiting, status.failing, status.dropped), (3, true, 0));

        let mut connection = store.begin().await.unwrap();
        sqlx::query("ALTER TABLE hidden RENAME TO requests")
            .execute(&mut *connection)
            .await
            .unwrap();
        connection.commit().await.unwrap();
        writer.close().await;
        let rows = store.requests(&RequestQuery::latest(10)).await.unwrap();
        assert_eq!((rows.len(), writer.status().waiting), (3, 0));
    }
}
