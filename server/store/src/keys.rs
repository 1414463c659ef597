//! API keys: never the key itself, only its SHA-256.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Any, AnyConnection, Row, Transaction, any::AnyRow, query::Query};
use worv_core::{
    UnixMillis,
    key::{KeyDigest, KeyId, KeySecret},
};

pub(crate) use grants::touch_in;
pub use settings::KeySettings;

use crate::{Actor, Store, StoreError, row, text};

mod grants;
mod settings;

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
    /// What it may do.
    pub settings: KeySettings,
}

/// What can be changed of a key. Everything takes the place of what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEdit {
    /// As in [`NewKey`].
    pub name: String,
    /// As in [`NewKey`].
    pub owner: String,
    /// As in [`NewKey`].
    pub note: String,
    /// As in [`NewKey`], but may stay as it is when it has passed.
    pub expires_at: Option<UnixMillis>,
    /// What it may do.
    pub settings: KeySettings,
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
    /// Refused since this moment, until it is resumed; none if it is not suspended.
    pub suspended_at: Option<UnixMillis>,
    /// Up to when the secret from before the latest rotation works; none if it was never rotated.
    pub previous_until: Option<UnixMillis>,
    /// When the latest request recorded for it came in. [`crate::usage::Writer`] keeps this with each batch.
    pub last_used_at: Option<UnixMillis>,
    /// What it may do.
    pub settings: KeySettings,
}

type BoundQuery = Query<'static, Any, sqlx::any::AnyArguments>;

/// The columns of a [`KeyEdit`], in the order in which it is bound, from `$1` to `$15`.
macro_rules! edited_columns {
    () => {
        "name, owner, note, expires_at, tags, models, requests_per_minute, tokens_per_minute, concurrency, \
         budget_day, budget_month, max_output_tokens, weight, strip_han, echo_model"
    };
}

/// The columns of a [`KeyRow`].
macro_rules! columns {
    () => {
        concat!(
            "id, prefix, last_four, created_at, revoked_at, suspended_at, previous_until, last_used_at, ",
            edited_columns!()
        )
    };
}

impl Store {
    /// Stores a new key. The audit log has it as `key.create`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where a text is too long, has control characters, the expiry does not lie ahead, or a
    /// setting is out of its range.
    pub async fn create_key(&self, new: NewKey, by: &Actor) -> Result<KeyRow, StoreError> {
        const INSERT: &str = concat!(
            "INSERT INTO api_keys (",
            edited_columns!(),
            ", digest, prefix, last_four, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING ",
            columns!()
        );
        let now = self.clock().now();
        let fields = KeyEdit {
            name: new.name,
            owner: new.owner,
            note: new.note,
            expires_at: new.expires_at,
            settings: new.settings,
        };
        fields.check()?;
        lies_ahead(fields.expires_at, now)?;
        let mut transaction = self.begin().await?;
        let row = fields
            .bind(sqlx::query(INSERT))
            .bind(new.digest.0.to_vec())
            .bind(new.prefix)
            .bind(new.last_four)
            .bind(now.0)
            .fetch_one(&mut *transaction)
            .await?;
        let key = KeyRow::try_from(&row)?;
        self.finish(transaction, by, "key.create", None, &key).await?;
        Ok(key)
    }

    /// Every key, newest first; revoked ones are kept for the record.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        const SELECT: &str = concat!("SELECT ", columns!(), " FROM api_keys ORDER BY id DESC");
        let rows = sqlx::query(SELECT).fetch_all(self.readers()).await?;
        rows.iter().map(KeyRow::try_from).collect()
    }

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

    async fn finish(
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
            settings: KeySettings::default(),
        }
    }
}

impl KeyEdit {
    fn check(&self) -> Result<(), StoreError> {
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
        self.settings.check()
    }

    fn bind(&self, query: BoundQuery) -> BoundQuery {
        let query = query
            .bind(self.name.clone())
            .bind(self.owner.clone())
            .bind(self.note.clone())
            .bind(self.expires_at.map(|at| at.0));
        self.settings.bind(query)
    }
}

impl KeyRow {
    /// What can be changed of the key, as it is.
    pub fn edit(&self) -> KeyEdit {
        KeyEdit {
            name: self.name.clone(),
            owner: self.owner.clone(),
            note: self.note.clone(),
            expires_at: self.expires_at,
            settings: self.settings.clone(),
        }
    }

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
            suspended_at: row::optional_time(row, "suspended_at")?,
            previous_until: row::optional_time(row, "previous_until")?,
            last_used_at: row::optional_time(row, "last_used_at")?,
            settings: KeySettings::from_row(row)?,
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

async fn stored(connection: &mut AnyConnection, id: KeyId) -> Result<KeyRow, StoreError> {
    const SELECT: &str = concat!("SELECT ", columns!(), " FROM api_keys WHERE id = $1");
    let row = sqlx::query(SELECT).bind(id.0).fetch_optional(connection).await?;
    KeyRow::try_from(&row.ok_or(StoreError::NotFound { what: "key", id: id.0 })?)
}

fn lies_ahead(expires_at: Option<UnixMillis>, now: UnixMillis) -> Result<(), StoreError> {
    match expires_at {
        Some(at) if at <= now => Err(StoreError::Invalid {
            field: "expiry",
            rule: "must lie ahead",
        }),
        _ => Ok(()),
    }
}
