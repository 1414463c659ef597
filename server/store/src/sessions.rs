//! Sessions of the console. The cookie's value is never stored, only its SHA-256.

use std::fmt;

use sqlx::{Row, any::AnyRow};
use worv_api::Role;
use worv_core::{Secret, UnixMillis};

use crate::{Store, StoreError, UserId, row, text, users};

/// SHA-256 of the value in the session's cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionDigest(pub [u8; 32]);

/// A session's number in the database, for lists; it opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// What is needed to begin a session.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// What the cookie is looked up by.
    pub digest: SessionDigest,
    /// Who signed in.
    pub user: UserId,
    /// What every change must carry.
    pub csrf_token: Secret,
    /// Where the user signed in from.
    pub address: String,
    /// The browser as it named itself; its first 200 characters are kept.
    pub user_agent: String,
    /// When it ends unless it is used: see [`Store::touch_session`].
    pub idle_expires_at: UnixMillis,
    /// When it ends in any case.
    pub expires_at: UnixMillis,
    /// Whether the user has yet to give the second factor: until then it opens nothing, see
    /// [`Store::find_session_due`].
    pub second_factor_due: bool,
}

/// A session that has not ended, with its user as the user is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its number.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The user's name.
    pub user_name: String,
    /// What the user may do.
    pub role: Role,
    /// What every change must carry.
    pub csrf_token: Secret,
    /// Where the user signed in from.
    pub address: String,
    /// The browser as it named itself.
    pub user_agent: String,
    /// When it began.
    pub created_at: UnixMillis,
    /// When it was last touched.
    pub last_seen_at: UnixMillis,
    /// When it ends unless it is used.
    pub idle_expires_at: UnixMillis,
    /// When it ends in any case.
    pub expires_at: UnixMillis,
}

/// The start of every statement that reads a [`SessionRow`].
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sessions.id, sessions.user_id, users.name AS user_name, users.role, sessions.csrf_token, ",
            "sessions.address, sessions.user_agent, sessions.created_at, sessions.last_seen_at, ",
            "sessions.idle_expires_at, sessions.expires_at ",
            "FROM sessions JOIN users ON users.id = sessions.user_id ",
            $rest
        )
    };
}

impl Store {
    /// Begins a session.
    pub async fn create_session(&self, new: NewSession) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO sessions (digest, user_id, csrf_token, address, user_agent, \
             created_at, last_seen_at, idle_expires_at, expires_at, second_factor_due) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)";
        let mut transaction = self.begin().await?;
        sqlx::query(INSERT)
            .bind(new.digest.0.to_vec())
            .bind(new.user.0)
            .bind(new.csrf_token.expose())
            .bind(new.address)
            .bind(text::tamed(&new.user_agent, 200))
            .bind(self.clock().now().0)
            .bind(new.idle_expires_at.0)
            .bind(new.expires_at.0)
            .bind(i16::from(new.second_factor_due))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The session that a cookie opens; none if there is none, it has ended or its second factor is due.
    pub async fn find_session(&self, digest: &SessionDigest) -> Result<Option<SessionRow>, StoreError> {
        self.session_of(digest, false).await
    }

    /// The session whose second factor is due; none if there is none or it has ended.
    pub async fn find_session_due(&self, digest: &SessionDigest) -> Result<Option<SessionRow>, StoreError> {
        self.session_of(digest, true).await
    }

    /// The session of that number; none if there is none or it has ended.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRow>, StoreError> {
        const SELECT: &str =
            select!("WHERE sessions.id = $1 AND sessions.idle_expires_at > $2 AND sessions.expires_at > $2");
        let row = sqlx::query(SELECT)
            .bind(id.0)
            .bind(self.clock().now().0)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(SessionRow::try_from).transpose()
    }

    async fn session_of(&self, digest: &SessionDigest, due: bool) -> Result<Option<SessionRow>, StoreError> {
        const SELECT: &str = select!(
            "WHERE sessions.digest = $1 AND sessions.idle_expires_at > $2 AND sessions.expires_at > $2 \
             AND sessions.second_factor_due = $3"
        );
        let row = sqlx::query(SELECT)
            .bind(digest.0.to_vec())
            .bind(self.clock().now().0)
            .bind(i16::from(due))
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(SessionRow::try_from).transpose()
    }

    /// Every session that has not ended, the latest first; without those whose second factor is due.
    pub async fn sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        const SELECT: &str = select!(
            "WHERE sessions.idle_expires_at > $1 AND sessions.expires_at > $1 AND sessions.second_factor_due = 0 \
             ORDER BY sessions.id DESC"
        );
        let rows = sqlx::query(SELECT)
            .bind(self.clock().now().0)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(SessionRow::try_from).collect()
    }

    /// Notes that a session was used and moves its idle end. Called now and then, not with every request: it is a write.
    pub async fn touch_session(&self, id: SessionId, idle_expires_at: UnixMillis) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query(
            "UPDATE sessions SET last_seen_at = $2, idle_expires_at = $3 WHERE id = $1 AND idle_expires_at < $3",
        )
        .bind(id.0)
        .bind(self.clock().now().0)
        .bind(idle_expires_at.0)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a session. Returns whether there was one.
    pub async fn delete_session(&self, id: SessionId) -> Result<bool, StoreError> {
        Ok(self.delete("DELETE FROM sessions WHERE id = $1", id.0).await? > 0)
    }

    /// Ends all of a user's sessions and returns how many there were.
    pub async fn delete_user_sessions(&self, user: UserId) -> Result<u64, StoreError> {
        self.delete("DELETE FROM sessions WHERE user_id = $1", user.0).await
    }

    /// Removes the sessions that have ended and returns how many there were.
    pub async fn delete_expired_sessions(&self) -> Result<u64, StoreError> {
        let now = self.clock().now().0;
        self.delete(
            "DELETE FROM sessions WHERE idle_expires_at <= $1 OR expires_at <= $1",
            now,
        )
        .await
    }

    async fn delete(&self, statement: &'static str, bound: i64) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let deleted = sqlx::query(statement).bind(bound).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected())
    }
}

impl TryFrom<&AnyRow> for SessionRow {
    type Error = StoreError;

    fn try_from(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId(row.try_get("id")?),
            user: UserId(row.try_get("user_id")?),
            user_name: row.try_get("user_name")?,
            role: users::role(row.try_get("role")?),
            csrf_token: Secret::new(row.try_get::<String, _>("csrf_token")?),
            address: row.try_get("address")?,
            user_agent: row.try_get("user_agent")?,
            created_at: row::time(row, "created_at")?,
            last_seen_at: row::time(row, "last_seen_at")?,
            idle_expires_at: row::time(row, "idle_expires_at")?,
            expires_at: row::time(row, "expires_at")?,
        })
    }
}

impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionDigest(hidden)")
    }
}
