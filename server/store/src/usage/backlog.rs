//! What has been taken and is not in the database yet, so that whoever reads in this process sees all that was taken
//! before.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// How long a reader waits for a database that takes its time.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts records on their way.
#[derive(Default)]
pub(crate) struct Backlog {
    taken: AtomicU64,
    settled: watch::Sender<u64>,
    hurry: Notify,
}

impl Backlog {
    /// Another record has been taken.
    pub(super) fn add(&self) {
        self.taken.fetch_add(1, Ordering::Release);
    }

    /// So many of them are in the database, or wherever else they are kept until it takes them.
    pub(super) fn settle(&self, count: usize) {
        self.settled.send_modify(|settled| *settled += count as u64);
    }

    /// Resolves when somebody does not want to wait for more records to come together.
    pub(super) async fn hurried(&self) {
        self.hurry.notified().await;
    }

    /// Has what was taken written at once.
    pub(super) fn hurry(&self) {
        self.hurry.notify_one();
    }

    /// Resolves when the database has all that was taken before; or after two seconds, or when that is kept elsewhere
    /// because the database does not take it.
    pub(crate) async fn caught_up(&self) {
        let taken = self.taken.load(Ordering::Acquire);
        let mut settled = self.settled.subscribe();
        if *settled.borrow() < taken {
            self.hurry();
            // In time or not, the question is asked.
            let _ = timeout(PATIENCE, settled.wait_for(|settled| *settled >= taken)).await;
        }
    }
}
