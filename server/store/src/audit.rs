//! Who did what to what, from where. The database itself refuses to change or remove an entry.

use serde_json::Value;
use sqlx::{AnyConnection, Row, any::AnyRow};
use worv_core::UnixMillis;

use crate::{Store, StoreError, row, text};

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
    address: String,
}

/// Something that was done, to be kept. Made by [`Actor::did`].
#[derive(Clone, Debug)]
pub struct AuditEntry {
    actor: Actor,
    action: &'static str,
    subject: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its number; a later entry has a higher one.
    pub id: i64,
    /// When it was done.
    pub at: UnixMillis,
    /// Who did it.
    pub actor: String,
    /// What was done, such as `key.revoke`.
    pub action: String,
    /// To what, such as `key 7`.
    pub subject: String,
    /// From where: an address, or `local` for the command line.
    pub address: String,
    /// What it was before; none for what is new, and never a secret.
    pub before: Option<Value>,
    /// What it is since; none for what is gone, and never a secret.
    pub after: Option<Value>,
}

/// Which entries of the audit log to list. Filters match whole texts.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// What this actor did only.
    pub actor: Option<String>,
    /// This action only, such as `key.revoke`.
    pub action: Option<String>,
    /// What was done to this subject only, such as `key 7`.
    pub subject: Option<String>,
    /// What was done from this address only.
    pub address: Option<String>,
    /// What was done at this moment or later only.
    pub from: Option<UnixMillis>,
    /// What was done before this moment only.
    pub to: Option<UnixMillis>,
    /// Entries from before this one only: the last one of the page before.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

impl Actor {
    /// A user, signed in or trying to, at an address.
    pub fn user(name: &str, address: &str) -> Self {
        Self {
            name: text::tamed(name, 100),
            address: text::tamed(address, 100),
        }
    }

    /// Where it comes from: an address, or `local` for the command line.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whoever runs the command line on the machine itself.
    pub fn command_line() -> Self {
        Self::user("command line", "local")
    }

    /// The actor's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An entry that this actor did `action` (such as `session.begin`) to `subject` (such as `user 3`).
    #[must_use]
    pub fn did(&self, action: &'static str, subject: String) -> AuditEntry {
        AuditEntry {
            actor: self.clone(),
            action,
            subject,
            before: None,
            after: None,
        }
    }
}

impl AuditQuery {
    /// The latest entries of all.
    pub fn latest(limit: u32) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }
}

impl AuditEntry {
    /// Adds what was before and what is since. No secret belongs in either.
    #[must_use]
    pub fn change(self, before: Option<Value>, after: Option<Value>) -> Self {
        Self { before, after, ..self }
    }
}

impl Store {
    /// Adds an entry for something that is not itself in the database, such as a refused login. What the store changes,
    /// it notes by itself, in the same transaction.
    pub async fn audit(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        self.audit_in(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Entries, the latest first.
    pub async fn audit_log(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        const SELECT: &str = "SELECT id, at, actor, action, subject, address, before_json, after_json FROM audit \
             WHERE id < $1 AND ($2 IS NULL OR actor = $2) AND ($3 IS NULL OR action = $3) \
             AND ($4 IS NULL OR subject = $4) AND ($5 IS NULL OR address = $5) \
             AND at >= $6 AND at < $7 ORDER BY id DESC LIMIT $8";
        let filter = |text: &Option<String>| text.as_deref().map(|text| text::tamed(text, 200));
        let rows = sqlx::query(SELECT)
            .bind(query.before.unwrap_or(i64::MAX))
            .bind(filter(&query.actor))
            .bind(filter(&query.action))
            .bind(filter(&query.subject))
            .bind(filter(&query.address))
            .bind(query.from.map_or(i64::MIN, |at| at.0))
            .bind(query.to.map_or(i64::MAX, |at| at.0))
            .bind(i64::from(query.limit))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(AuditRow::try_from).collect()
    }

    /// Adds an entry as part of what it tells of.
    pub(crate) async fn audit_in(&self, connection: &mut AnyConnection, entry: AuditEntry) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO audit (at, actor, action, subject, address, before_json, after_json) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(INSERT)
            .bind(self.clock().now().0)
            .bind(entry.actor.name)
            .bind(entry.action)
            .bind(text::tamed(&entry.subject, 200))
            .bind(entry.actor.address)
            .bind(entry.before.map(|value| value.to_string()))
            .bind(entry.after.map(|value| value.to_string()))
            .execute(connection)
            .await?;
        Ok(())
    }
}

impl TryFrom<&AnyRow> for AuditRow {
    type Error = StoreError;

    fn try_from(row: &AnyRow) -> Result<Self, StoreError> {
        let json = |column| -> Result<Option<Value>, StoreError> {
            let text: Option<&str> = row.try_get(column)?;
            text.map(|text| serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()).into()))
                .transpose()
        };
        Ok(Self {
            id: row.try_get("id")?,
            at: row::time(row, "at")?,
            actor: row.try_get("actor")?,
            action: row.try_get("action")?,
            subject: row.try_get("subject")?,
            address: row.try_get("address")?,
            before: json("before_json")?,
            after: json("after_json")?,
        })
    }
}
