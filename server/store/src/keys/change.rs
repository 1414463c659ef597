//! Changes to a key. Each is one transaction with its entry in the audit log.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Any, AnyConnection, Transaction};
use worv_core::key::{KeyId, KeySecret};

use super::{BoundQuery, KeyEdit, KeyRow, columns, edited_columns, lies_ahead};
use crate::{Actor, Store, StoreError};

impl Store {
    /// Changes what can be changed of a key. The audit log has it as `key.edit`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] as for a new key or where it was revoked.
    pub async fn edit_key(&self, id: KeyId, edit: KeyEdit, by: &Actor) -> Result<KeyRow, StoreError> {
        const EDIT: &str = concat!(
            "UPDATE api_keys SET (",
            edited_columns!(),
            ") = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             WHERE id = $16 AND revoked_at IS NULL RETURNING ",
            columns!()
        );
        edit.check()?;
        let mut transaction = self.begin().await?;
        let before = working(&mut transaction, id).await?;
        if edit.expires_at != before.expires_at {
            lies_ahead(edit.expires_at, self.clock().now())?;
        }
        let update = edit.bind(sqlx::query(EDIT)).bind(id.0);
        self.change(transaction, update, &before, "key.edit", by).await
    }

    /// Gives a key another secret. The one that it had works on for `overlap`; one from before that ends at once.
    /// The audit log has it as `key.rotate`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] where it was revoked.
    pub async fn rotate_key(
        &self,
        id: KeyId,
        secret: &KeySecret,
        overlap: Duration,
        by: &Actor,
    ) -> Result<KeyRow, StoreError> {
        const ROTATE: &str = concat!(
            "UPDATE api_keys SET previous_digest = digest, previous_until = $1, digest = $2, prefix = $3, \
             last_four = $4 WHERE id = $5 AND revoked_at IS NULL RETURNING ",
            columns!()
        );
        let mut transaction = self.begin().await?;
        let before = working(&mut transaction, id).await?;
        let update = sqlx::query(ROTATE)
            .bind(self.clock().now().plus(overlap).0)
            .bind(secret.digest().0.to_vec())
            .bind(secret.prefix().to_owned())
            .bind(secret.last_four().to_owned())
            .bind(id.0);
        self.change(transaction, update, &before, "key.rotate", by).await
    }

    /// Refuses a key until it is resumed. Suspending it again changes nothing. The audit log has it as `key.suspend`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] where it was revoked.
    pub async fn suspend_key(&self, id: KeyId, by: &Actor) -> Result<KeyRow, StoreError> {
        const SUSPEND: &str = concat!(
            "UPDATE api_keys SET suspended_at = $1 \
             WHERE id = $2 AND suspended_at IS NULL AND revoked_at IS NULL RETURNING ",
            columns!()
        );
        let mut transaction = self.begin().await?;
        let before = working(&mut transaction, id).await?;
        let update = sqlx::query(SUSPEND).bind(self.clock().now().0).bind(id.0);
        self.change(transaction, update, &before, "key.suspend", by).await
    }

    /// Accepts a suspended key again. Resuming one that is not suspended changes nothing. The audit log has it as
    /// `key.resume`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] where it was revoked.
    pub async fn resume_key(&self, id: KeyId, by: &Actor) -> Result<KeyRow, StoreError> {
        const RESUME: &str = concat!(
            "UPDATE api_keys SET suspended_at = NULL \
             WHERE id = $1 AND suspended_at IS NOT NULL AND revoked_at IS NULL RETURNING ",
            columns!()
        );
        let mut transaction = self.begin().await?;
        let before = working(&mut transaction, id).await?;
        let update = sqlx::query(RESUME).bind(id.0);
        self.change(transaction, update, &before, "key.resume", by).await
    }

    /// Revokes a key for good. Revoking it again changes nothing: the first time stands. The audit log has it as
    /// `key.revoke`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn revoke_key(&self, id: KeyId, by: &Actor) -> Result<KeyRow, StoreError> {
        const REVOKE: &str = concat!(
            "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING ",
            columns!()
        );
        let mut transaction = self.begin().await?;
        let before = stored(&mut transaction, id).await?;
        let update = sqlx::query(REVOKE).bind(self.clock().now().0).bind(id.0);
        self.change(transaction, update, &before, "key.revoke", by).await
    }

    /// Makes a change that returns the key as it is then, or nothing where it is so already: here, or, since it was
    /// read, by another server.
    async fn change(
        &self,
        mut transaction: Transaction<'static, Any>,
        update: BoundQuery,
        before: &KeyRow,
        action: &'static str,
        by: &Actor,
    ) -> Result<KeyRow, StoreError> {
        let Some(row) = update.fetch_optional(&mut *transaction).await? else {
            return stored(&mut transaction, before.id).await;
        };
        let after = KeyRow::try_from(&row)?;
        self.finish(transaction, by, action, Some(before), &after).await?;
        Ok(after)
    }

    pub(super) async fn finish(
        &self,
        mut transaction: Transaction<'static, Any>,
        by: &Actor,
        action: &'static str,
        before: Option<&KeyRow>,
        after: &KeyRow,
    ) -> Result<(), StoreError> {
        let entry = by
            .did(action, format!("key {}", after.id))
            .change(before.map(KeyRow::audited), Some(after.audited()));
        self.audit_in(&mut transaction, entry).await?;
        transaction.commit().await?;
        self.announce_change();
        Ok(())
    }
}

impl KeyRow {
    /// What the audit log keeps of a key.
    fn audited(&self) -> Value {
        json!({
            "name": self.name,
            "owner": self.owner,
            "note": self.note,
            "prefix": self.prefix,
            "expires_at": self.expires_at,
            "revoked_at": self.revoked_at,
            "suspended_at": self.suspended_at,
            "previous_until": self.previous_until,
            "settings": self.settings,
        })
    }
}

/// A key that was not revoked.
async fn working(connection: &mut AnyConnection, id: KeyId) -> Result<KeyRow, StoreError> {
    let key = stored(connection, id).await?;
    if key.revoked_at.is_some() {
        return Err(StoreError::Invalid {
            field: "the key",
            rule: "was revoked, and cannot be changed any more",
        });
    }
    Ok(key)
}

pub(super) async fn stored(connection: &mut AnyConnection, id: KeyId) -> Result<KeyRow, StoreError> {
    const SELECT: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE id = $1");
    let row = sqlx::query(SELECT).bind(id.0).fetch_optional(connection).await?;
    KeyRow::try_from(&row.ok_or(StoreError::NotFound { what: "key", id: id.0 })?)
}
