//! API keys: never the key itself, only its SHA-256.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::{Any, AnyConnection, Row, Transaction, any::AnyRow};
use worv_core::{
    UnixMillis,
    key::{KeyDigest, KeyGrant, KeyId, KeySecret},
};

use crate::{Actor, Store, StoreError, row, text};

/// What is needed to store a new key.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What a caller's key is looked up by.
    pub digest: KeyDigest,
    /// Its first characters, to name it in lists.
    pub prefix: String,
    /// Its last four characters, for the same purpose.
    pub last_four: String,
    /// 1 to 100 characters, none of them a control character. Names need not be unique.
    pub name: String,
    /// Whom it belongs to: at most 100 characters.
    pub owner: String,
    /// At most 500 characters.
    pub note: String,
    /// Refused from this moment on, which must lie ahead; none for never.
    pub expires_at: Option<UnixMillis>,
}

/// A key as it is stored, without its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its number. Never used twice.
    pub id: KeyId,
    /// Its first characters.
    pub prefix: String,
    /// Its last four characters.
    pub last_four: String,
    /// The name the operator gave it.
    pub name: String,
    /// Whom it belongs to; may be empty.
    pub owner: String,
    /// May be empty.
    pub note: String,
    /// When it was created.
    pub created_at: UnixMillis,
    /// Refused from this moment on; none for never.
    pub expires_at: Option<UnixMillis>,
    /// Refused since this moment; none if it was not revoked.
    pub revoked_at: Option<UnixMillis>,
    /// When the latest request recorded for it came in. [`crate::usage::Writer`] keeps this with each batch.
    pub last_used_at: Option<UnixMillis>,
}

/// The columns of a [`KeyRow`].
macro_rules! columns {
    () => {
        "id, prefix, last_four, name, owner, note, created_at, expires_at, revoked_at, last_used_at"
    };
}

impl Store {
    /// Stores a new key. The audit log has it as `key.create`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where a text is too long, has control characters, or the expiry does not lie ahead.
    pub async fn create_key(&self, new: NewKey, by: &Actor) -> Result<KeyRow, StoreError> {
        const INSERT: &str = concat!(
            "INSERT INTO api_keys (digest, prefix, last_four, name, owner, note, created_at, expires_at) ",
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ",
            columns!()
        );
        let now = self.clock().now();
        new.check(now)?;
        let mut transaction = self.begin().await?;
        let row = sqlx::query(INSERT)
            .bind(new.digest.0.to_vec())
            .bind(new.prefix)
            .bind(new.last_four)
            .bind(new.name)
            .bind(new.owner)
            .bind(new.note)
            .bind(now.0)
            .bind(new.expires_at.map(|at| at.0))
            .fetch_one(&mut *transaction)
            .await?;
        let key = KeyRow::try_from(&row)?;
        self.finish_change(transaction, by, "key.create", None, &key).await?;
        Ok(key)
    }

    /// Every key, newest first; revoked ones are kept for the record.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        const SELECT: &str = concat!("SELECT ", columns!(), " FROM api_keys ORDER BY id DESC");
        let rows = sqlx::query(SELECT).fetch_all(self.readers()).await?;
        rows.iter().map(KeyRow::try_from).collect()
    }

    /// Revokes a key for good. Revoking it again changes nothing: the first time stands. The audit log has it as
    /// `key.revoke`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn revoke_key(&self, id: KeyId, by: &Actor) -> Result<KeyRow, StoreError> {
        const REVOKE: &str = concat!(
            "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING ",
            columns!()
        );
        let mut transaction = self.begin().await?;
        let before = key(&mut transaction, id).await?;
        let revoked = sqlx::query(REVOKE)
            .bind(id.0)
            .bind(self.clock().now().0)
            .fetch_optional(&mut *transaction)
            .await?;
        // None: it was revoked already, here or, since it was read, by another server.
        let Some(row) = revoked else {
            return key(&mut transaction, id).await;
        };
        let after = KeyRow::try_from(&row)?;
        self.finish_change(transaction, by, "key.revoke", Some(&before), &after)
            .await?;
        Ok(after)
    }

    /// What the data path needs to know of every key, expired and revoked ones included, so that it can tell a caller
    /// why a key is refused.
    pub async fn key_grants(&self) -> Result<Vec<(KeyDigest, KeyGrant)>, StoreError> {
        let rows = sqlx::query("SELECT digest, id, name, expires_at, revoked_at FROM api_keys")
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(grant).collect()
    }

    async fn finish_change(
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

impl NewKey {
    /// A key that works until it is revoked, and is nobody's in particular.
    pub fn new(secret: &KeySecret, name: impl Into<String>) -> Self {
        Self {
            digest: secret.digest(),
            prefix: secret.prefix().to_owned(),
            last_four: secret.last_four().to_owned(),
            name: name.into(),
            owner: String::new(),
            note: String::new(),
            expires_at: None,
        }
    }

    fn check(&self, now: UnixMillis) -> Result<(), StoreError> {
        text::check(
            "name",
            &self.name,
            1..=100,
            "must have 1 to 100 characters and no line breaks",
        )?;
        text::check(
            "owner",
            &self.owner,
            0..=100,
            "must have at most 100 characters and no line breaks",
        )?;
        text::check(
            "note",
            &self.note,
            0..=500,
            "must have at most 500 characters and no line breaks",
        )?;
        if self.expires_at.is_some_and(|at| at <= now) {
            return Err(StoreError::Invalid {
                field: "expiry",
                rule: "must lie ahead",
            });
        }
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
        })
    }
}

impl TryFrom<&AnyRow> for KeyRow {
    type Error = StoreError;

    fn try_from(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: KeyId(row.try_get("id")?),
            prefix: row.try_get("prefix")?,
            last_four: row.try_get("last_four")?,
            name: row.try_get("name")?,
            owner: row.try_get("owner")?,
            note: row.try_get("note")?,
            created_at: row::time(row, "created_at")?,
            expires_at: row::optional_time(row, "expires_at")?,
            revoked_at: row::optional_time(row, "revoked_at")?,
            last_used_at: row::optional_time(row, "last_used_at")?,
        })
    }
}

/// Notes when keys were last used.
pub(crate) async fn touch_in(
    connection: &mut AnyConnection,
    uses: &BTreeMap<KeyId, UnixMillis>,
) -> Result<(), StoreError> {
    const TOUCH: &str = "UPDATE api_keys SET last_used_at = $2 \
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
    for (id, at) in uses {
        sqlx::query(TOUCH)
            .bind(id.0)
            .bind(at.0)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn key(connection: &mut AnyConnection, id: KeyId) -> Result<KeyRow, StoreError> {
    const SELECT: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE id = $1");
    let row = sqlx::query(SELECT).bind(id.0).fetch_optional(connection).await?;
    KeyRow::try_from(&row.ok_or(StoreError::NotFound { what: "key", id: id.0 })?)
}

fn grant(row: &AnyRow) -> Result<(KeyDigest, KeyGrant), StoreError> {
    let grant = KeyGrant {
        id: KeyId(row.try_get("id")?),
        name: row.try_get("name")?,
        expires_at: row::optional_time(row, "expires_at")?,
        revoked_at: row::optional_time(row, "revoked_at")?,
    };
    Ok((KeyDigest(row::bytes(row, "digest")?), grant))
}
