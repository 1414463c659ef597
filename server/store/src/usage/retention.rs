//! Deleting old requests a few at a time, so that nothing waits long for its turn.

use sqlx::AnyConnection;
use tokio::time::{Instant, sleep};
use worv_core::{UnixMillis, id::RequestId};

use crate::{Store, StoreError};

/// Requests that one transaction deletes: a few milliseconds' work.
const STEP: i64 = 100;

impl Store {
    /// Whether requests came in from one time on and before another.
    pub async fn has_requests_between(&self, from: UnixMillis, to: UnixMillis) -> Result<bool, StoreError> {
        const FIND: &str = "SELECT 1 FROM requests WHERE id >= $1 AND id < $2 LIMIT 1";
        let id = |time| RequestId::first_at(time).to_bytes().to_vec();
        let found = sqlx::query(FIND)
            .bind(id(from))
            .bind(id(to))
            .fetch_optional(self.readers())
            .await?;
        Ok(found.is_some())
    }

    /// Deletes the requests that came in before a time, and returns how many there were. Their sums stay. Between the
    /// steps others have as much time to write as a step takes; what was deleted stays so when this is dropped in between.
    pub async fn delete_requests_before(&self, time: UnixMillis) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let mut transaction = self.begin().await?;
            let began = Instant::now();
            let step = delete_some(&mut transaction, time).await?;
            transaction.commit().await?;
            deleted += step;
            if step < STEP.unsigned_abs() {
                return Ok(deleted);
            }
            sleep(began.elapsed()).await;
        }
    }
}

async fn delete_some(connection: &mut AnyConnection, before: UnixMillis) -> Result<u64, StoreError> {
    const DELETE: &str =
        "DELETE FROM requests WHERE id IN (SELECT id FROM requests WHERE id < $1 ORDER BY id LIMIT $2)";
    let deleted = sqlx::query(DELETE)
        .bind(RequestId::first_at(before).to_bytes().to_vec())
        .bind(STEP)
        .execute(connection)
        .await?;
    Ok(deleted.rows_affected())
}
