//! Deleting the rows of single requests once they are old enough, by a clock that is believed.
//!
//! A clock that has jumped ahead by years would have every row be too old at once. So it is believed only where requests
//! came in the day before the last by it, or where it has been doubted for a day, which is the time there is to correct it.
//! After days without a request, that day passes too; nothing but the deleting waits for it.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use worv_core::{Clock, UnixMillis};
use worv_store::{Store, StoreError};

use super::background::beat;

/// How often requests that are too old are deleted.
const EVERY: Duration = Duration::from_mins(10);

/// How far a clock may be ahead of the last requests without being doubted, and how long it is doubted then.
const DAY: Duration = Duration::from_hours(24);

/// Deletes what is older than `keep`, until `stopping`.
pub async fn sweep(store: Store, clock: Clock, keep: Duration, stopping: CancellationToken) {
    let mut sweeper = Sweeper::new(store, clock, keep);
    let mut beat = beat(EVERY);
    while stopping.run_until_cancelled(beat.tick()).await.is_some() {
        match stopping.run_until_cancelled(sweeper.sweep(Instant::now())).await {
            Some(Ok(0)) | None => {}
            Some(Ok(deleted)) => tracing::info!(deleted, "old requests were deleted; their sums stay"),
            Some(Err(error)) => tracing::warn!(%error, "cannot delete old requests"),
        }
    }
}

struct Sweeper {
    store: Store,
    clock: Clock,
    keep: Duration,
    /// Since when the clock is doubted; none while it is believed.
    doubted: Option<Instant>,
}

impl Sweeper {
    fn new(store: Store, clock: Clock, keep: Duration) -> Self {
        Self {
            store,
            clock,
            keep,
            doubted: None,
        }
    }

    /// Deletes what is too old, if there is any and the clock is believed, and returns how many requests that were.
    async fn sweep(&mut self, at: Instant) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let before = now.minus(self.keep);
        if !self.store.has_requests_between(UnixMillis(0), before).await? {
            self.doubted = None;
            return Ok(0);
        }
        let yesterday = now.minus(DAY);
        if self.store.has_requests_between(yesterday.minus(DAY), yesterday).await? {
            self.doubted = None;
        } else {
            let since = *self.doubted.get_or_insert_with(|| {
                tracing::warn!(
                    now = now.0,
                    "the clock is ahead of the last requests by more than a day: old requests are kept for a day more; \
                     correct the clock if it is wrong"
                );
                at
            });
            if at - since < DAY {
                return Ok(0);
            }
        }
        self.store.delete_requests_before(before).await
    }
}

#[cfg(test)]
mod tests {
    use worv_core::{
        Entropy,
        id::RequestId,
        key::KeyId,
        usage::{Endpoint, UsageRecord, UsageSink},
    };
    use worv_store::usage::{Durability, RequestQuery, Writer};

    use super::*;

    const START: UnixMillis = UnixMillis(1_800_000_000_000);
    const KEEP: Duration = Duration::from_hours(24 * 10);

    /// A request a day, the last one now, and a sweeper.
    async fn daily(folder: &tempfile::TempDir, days: u32) -> (Writer, Clock, Sweeper) {
        let (url, clock) = (
            format!("sqlite://{}/worv.db", folder.path().display()),
            Clock::manual(START),
        );
        let store = Store::open(&url, clock.clone()).await.unwrap();
        let writer = Writer::start(store.clone(), Durability::Strict).unwrap();
        for day in (0..days).rev() {
            write(&writer, START.minus(DAY * day)).await;
        }
        let sweeper = Sweeper::new(store, clock.clone(), KEEP);
        (writer, clock, sweeper)
    }

    async fn write(writer: &Writer, at: UnixMillis) {
        let id = RequestId::new(&Clock::manual(at), &Entropy::System);
        let record = UsageRecord::begun(id, KeyId(1), Endpoint::Messages, at);
        writer.record(record).await;
    }

    #[tokio::test]
    async fn a_clock_that_goes_on_as_it_did_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let (_writer, clock, mut sweeper) = daily(&folder, 30).await;
        let began = Instant::now();
        assert_eq!(sweeper.sweep(began).await.unwrap(), 19);
        assert_eq!(sweeper.sweep(began).await.unwrap(), 0);
        clock.advance(Duration::from_hours(36));
        assert_eq!(sweeper.sweep(began).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn one_that_has_jumped_has_a_day_to_be_corrected_whatever_comes_in_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, clock, mut sweeper) = daily(&folder, 10).await;
        clock.advance(DAY * (5 * 365));
        let began = Instant::now();
        assert_eq!(sweeper.sweep(began).await.unwrap(), 0);
        // What comes in by the wrong clock does not make it right, also not for the next process.
        write(&writer, clock.now()).await;
        assert_eq!(sweeper.sweep(began + DAY / 2).await.unwrap(), 0);
        let mut next = Sweeper::new(sweeper.store.clone(), clock.clone(), KEEP);
        assert_eq!(next.sweep(began).await.unwrap(), 0);
        assert_eq!(
            sweeper.store.requests(&RequestQuery::latest(100)).await.unwrap().len(),
            11
        );

        assert_eq!(sweeper.sweep(began + DAY).await.unwrap(), 10);
    }

    #[tokio::test]
    async fn one_that_is_corrected_is_believed_again_and_nothing_was_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, clock, mut sweeper) = daily(&folder, 10).await;
        let ahead = Clock::manual(START.plus(DAY * 400));
        let right = std::mem::replace(&mut sweeper.clock, ahead.clone());
        let began = Instant::now();
        assert_eq!(sweeper.sweep(began).await.unwrap(), 0);
        write(&writer, ahead.now()).await;
        sweeper.clock = right;
        assert_eq!(sweeper.sweep(began + DAY).await.unwrap(), 0);
        clock.advance(DAY);
        assert_eq!(sweeper.sweep(began + DAY * 2).await.unwrap(), 0);
        clock.advance(DAY / 2);
        assert_eq!(sweeper.sweep(began + DAY * 2).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn where_there_is_nothing_to_delete_nothing_is_doubted() {
        let folder = tempfile::tempdir().unwrap();
        let (_writer, clock, mut sweeper) = daily(&folder, 1).await;
        clock.advance(DAY * 5);
        assert_eq!(sweeper.sweep(Instant::now()).await.unwrap(), 0);
        assert!(sweeper.doubted.is_none());
    }
}
