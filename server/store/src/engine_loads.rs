//! How long each profile took to load when it was last started.

use std::{collections::BTreeMap, time::Duration};

use sqlx::Row;
use worv_core::UnixMillis;

use crate::{Store, StoreError};

impl Store {
    /// Remembers how long a profile took to load on a node, unless a later start has told already.
    pub async fn note_engine_load(
        &self,
        node: &str,
        profile: &str,
        started_at: UnixMillis,
        took: Duration,
    ) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO engine_loads (node, profile, started_at, milliseconds) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (node, profile) DO UPDATE SET started_at = excluded.started_at, \
             milliseconds = excluded.milliseconds WHERE engine_loads.started_at < excluded.started_at";
        let mut transaction = self.begin().await?;
        sqlx::query(UPSERT)
            .bind(node)
            .bind(profile)
            .bind(started_at.0)
            .bind(i64::try_from(took.as_millis()).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// How long each profile took on a node when it was last started there.
    pub async fn engine_loads(&self, node: &str) -> Result<BTreeMap<String, Duration>, StoreError> {
        let rows = sqlx::query("SELECT profile, milliseconds FROM engine_loads WHERE node = $1")
            .bind(node)
            .fetch_all(self.readers())
            .await?;
        let load = |row: &sqlx::any::AnyRow| {
            let milliseconds: i64 = row.try_get("milliseconds")?;
            let took = Duration::from_millis(milliseconds.unsigned_abs());
            Ok((row.try_get("profile")?, took))
        };
        rows.iter().map(load).collect()
    }
}
