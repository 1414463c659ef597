//! What the GPUs took, hour by hour, and whose it was: each key's share is its share of the tokens that were generated.

use sqlx::Row;
use worv_core::{UnixMillis, calendar, key::KeyId};

use crate::{Store, StoreError, row};

/// What GPUs took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GpuUse {
    /// Seconds of one GPU: eight GPUs take eight in a second, busy or not.
    pub gpu_seconds: f64,
    /// Energy.
    pub joules: f64,
}

/// What GPUs took for one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyGpuUse {
    /// The key.
    pub key: KeyId,
    /// Its part.
    pub gpu_use: GpuUse,
}

impl Store {
    /// Adds to the hour that a moment lies in: milliseconds of one GPU, and thousandths of a joule.
    pub async fn add_gpu_use(&self, at: UnixMillis, gpu_millis: u64, millijoules: u64) -> Result<(), StoreError> {
        const ADD: &str = "INSERT INTO gpu_hours (bucket, gpu_millis, millijoules) VALUES ($1, $2, $3) \
             ON CONFLICT (bucket) DO UPDATE SET gpu_millis = gpu_hours.gpu_millis + excluded.gpu_millis, \
             millijoules = gpu_hours.millijoules + excluded.millijoules";
        let mut transaction = self.begin().await?;
        sqlx::query(ADD)
            .bind(at.0.div_euclid(calendar::HOUR))
            .bind(row::stored(gpu_millis))
            .bind(row::stored(millijoules))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// What GPUs took in the hours from `from` to `to`, those that these are in included, by the keys that tokens were
    /// generated for. Hours in which none were are nobody's.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the range is empty or has more than 4000 hours.
    pub async fn gpu_use_by_key(&self, from: UnixMillis, to: UnixMillis) -> Result<Vec<KeyGpuUse>, StoreError> {
        const SHARES: &str = "SELECT of_key.key_id AS key_id, \
             SUM(CAST(of_key.completion_tokens AS DOUBLE PRECISION) / of_all.completion_tokens * gpu_millis) AS millis, \
             SUM(CAST(of_key.completion_tokens AS DOUBLE PRECISION) / of_all.completion_tokens * millijoules) AS energy \
             FROM gpu_hours \
             JOIN usage_by_part AS of_all ON of_all.part = 3 AND of_all.span = 0 AND of_all.bucket = gpu_hours.bucket \
             JOIN usage_by_part AS of_key ON of_key.part = 1 AND of_key.span = 0 AND of_key.bucket = gpu_hours.bucket \
             WHERE of_key.completion_tokens > 0 AND gpu_hours.bucket >= $1 AND gpu_hours.bucket < $2 \
             GROUP BY of_key.key_id ORDER BY of_key.key_id";
        let invalid = |rule| StoreError::Invalid { field: "range", rule };
        if to <= from {
            return Err(invalid("must end after it begins"));
        }
        let (first, end) = (
            from.0.div_euclid(calendar::HOUR),
            (to.0 - 1).div_euclid(calendar::HOUR) + 1,
        );
        if end - first > 4_000 {
            return Err(invalid("must have at most 4000 hours"));
        }
        let rows = sqlx::query(SHARES)
            .bind(first)
            .bind(end)
            .fetch_all(self.readers())
            .await?;
        let read = |row: &sqlx::any::AnyRow| {
            let (millis, energy): (f64, f64) = (row.try_get("millis")?, row.try_get("energy")?);
            Ok(KeyGpuUse {
                key: KeyId(row.try_get("key_id")?),
                gpu_use: GpuUse {
                    gpu_seconds: millis / 1_000.0,
                    joules: energy / 1_000.0,
                },
            })
        };
        rows.iter().map(read).collect()
    }
}
