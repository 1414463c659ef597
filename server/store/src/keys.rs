//! API keys: never the key itself, only its SHA-256.

use sqlx::{Any, Row, any::AnyRow, query::Query};
use worv_core::{
    UnixMillis,
    key::{KeyDigest, KeyId, KeySecret, KeySettings},
};

pub(crate) use grants::touch_in;

use crate::{Actor, Store, StoreError, row, text};

mod change;
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
    /// 1 to [`NewKey::LONGEST_NAME`] characters, none of them a control character. Names need not be unique.
    pub name: String,
    /// Whom it belongs to: at most 100 characters.
    pub owner: String,
    /// At most 500 characters.
    pub note: String,
    /// When it is created: what its expiry is counted from.
    pub created_at: UnixMillis,
    /// Refused from this moment on, which must come after its creation; none for never.
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

// Named, so that `change` can take them from here.
use {columns, edited_columns};

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
        let (digest, prefix, last_four) = (new.digest, new.prefix.clone(), new.last_four.clone());
        let created_at = new.created_at;
        let fields = new.edit();
        fields.check()?;
        lies_ahead(fields.expires_at, created_at)?;
        let mut transaction = self.begin().await?;
        let row = fields
            .bind(sqlx::query(INSERT))
            .bind(digest.0.to_vec())
            .bind(prefix)
            .bind(last_four)
            .bind(created_at.0)
            .fetch_one(&mut *transaction)
            .await?;
        let key = KeyRow::try_from(&row)?;
        self.finish(transaction, by, "key.create", None, &key).await?;
        Ok(key)
    }

    /// The key of that number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn key(&self, id: KeyId) -> Result<KeyRow, StoreError> {
        self.backlog().caught_up().await;
        let mut connection = self.readers().acquire().await?;
        change::stored(&mut connection, id).await
    }

    /// Every key, newest first; revoked ones are kept for the record.
    pub async fn keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        const SELECT: &str = concat!("SELECT ", columns!(), " FROM api_keys ORDER BY id DESC");
        self.backlog().caught_up().await;
        let rows = sqlx::query(SELECT).fetch_all(self.readers()).await?;
        rows.iter().map(KeyRow::try_from).collect()
    }
}

impl NewKey {
    /// Characters that a name may have.
    pub const LONGEST_NAME: usize = 100;

    /// A key that works until it is revoked, and is nobody's in particular.
    pub fn new(secret: &KeySecret, name: impl Into<String>, created_at: UnixMillis) -> Self {
        Self {
            digest: secret.digest(),
            prefix: secret.prefix().to_owned(),
            last_four: secret.last_four().to_owned(),
            name: name.into(),
            owner: String::new(),
            note: String::new(),
            created_at,
            expires_at: None,
            settings: KeySettings::default(),
        }
    }

    /// What can be changed of it.
    pub fn edit(self) -> KeyEdit {
        KeyEdit {
            name: self.name,
            owner: self.owner,
            note: self.note,
            expires_at: self.expires_at,
            settings: self.settings,
        }
    }
}

impl KeyEdit {
    fn check(&self) -> Result<(), StoreError> {
        text::check(
            "name",
            &self.name,
            1..=NewKey::LONGEST_NAME,
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
        settings::check(&self.settings)
    }

    fn bind(&self, query: BoundQuery) -> BoundQuery {
        let query = query
            .bind(self.name.clone())
            .bind(self.owner.clone())
            .bind(self.note.clone())
            .bind(self.expires_at.map(|at| at.0));
        settings::bind(&self.settings, query)
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
            settings: settings::from_row(row)?,
        })
    }
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
