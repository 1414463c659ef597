//! One batch in one transaction: the requests, what they add to the sums, and when their keys were last used.

use std::collections::BTreeMap;

use sqlx::{Any, Transaction};
use worv_core::{UnixMillis, key::KeyId, usage::UsageRecord};

use super::{
    super::{requests, sums},
    Batches,
};
use crate::{StoreError, keys};

impl Batches {
    /// Writes a batch, or nothing of it. A record that is there already is left as it is, and not counted again.
    pub(super) async fn try_write(&mut self, batch: &[UsageRecord]) -> Result<(), StoreError> {
        let kind = self.store.kind();
        let mut transaction = self.store.begin().await?;
        self.models.look_up(&mut transaction, batch).await?;
        if requests::insert_all(&mut transaction, kind, batch, &self.models).await? {
            return self.finish(transaction, batch.iter()).await;
        }
        // Something is there already: from the start again, to see what.
        transaction.rollback().await?;
        self.models.forget();
        let mut transaction = self.store.begin().await?;
        self.models.look_up(&mut transaction, batch).await?;
        let mut inserted = requests::insert_each(&mut transaction, kind, batch, &self.models).await?;
        // Taken out, so that a request that is in the batch twice is counted once.
        let counted = batch.iter().filter(|record| inserted.remove(&record.request_id));
        self.finish(transaction, counted).await
    }

    /// Writes what follows from records that are new, and commits.
    async fn finish<'a>(
        &mut self,
        mut transaction: Transaction<'static, Any>,
        records: impl Iterator<Item = &'a UsageRecord>,
    ) -> Result<(), StoreError> {
        let records: Vec<_> = records.collect();
        sums::add_all(
            &mut transaction,
            self.store.kind(),
            records.iter().copied(),
            &self.models,
        )
        .await?;
        keys::touch_in(&mut transaction, &last_uses(&records)).await?;
        Ok(transaction.commit().await?)
    }
}

/// When each key of a batch was last used. In the order of the keys, so that two servers cannot wait for each other.
fn last_uses(batch: &[&UsageRecord]) -> BTreeMap<KeyId, UnixMillis> {
    let mut uses = BTreeMap::new();
    for record in batch {
        let latest = uses.entry(record.key).or_insert(record.started_at);
        *latest = record.started_at.max(*latest);
    }
    uses
}
