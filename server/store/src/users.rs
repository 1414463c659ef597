//! The people who may sign in to the console.

use serde_json::{Value, json};
use sqlx::{Row, any::AnyRow};
use worv_api::Role;
use worv_core::{Secret, UnixMillis};

use crate::{Actor, Store, StoreError, row, text};

/// A user's number in the database. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// What is needed to create a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// 1 to 100 characters, none of them a control character; unique, whatever its case.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// The password's hash as a PHC string; never the password.
    pub password_hash: Secret,
}

/// A user as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The user's number.
    pub id: UserId,
    /// The name as it was given.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// The password's hash as a PHC string.
    pub password_hash: Secret,
    /// When the user was created.
    pub created_at: UnixMillis,
}

/// The columns of a [`UserRow`].
macro_rules! columns {
    () => {
        "id, name, role, password_hash, created_at"
    };
}

impl Store {
    /// Creates a user. The audit log has it as `user.create`.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], and [`StoreError::Invalid`] where the name is too long or has control characters.
    pub async fn create_user(&self, new: NewUser, by: &Actor) -> Result<UserRow, StoreError> {
        const INSERT: &str = concat!(
            "INSERT INTO users (name, role, password_hash, created_at) VALUES ($1, $2, $3, $4) RETURNING ",
            columns!()
        );
        check_name(&new.name)?;
        let mut transaction = self.begin().await?;
        let inserted = sqlx::query(INSERT)
            .bind(&new.name)
            .bind(role_name(new.role))
            .bind(new.password_hash.expose())
            .bind(self.clock().now().0)
            .fetch_one(&mut *transaction)
            .await;
        let row = inserted.map_err(|error| match error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => StoreError::NameTaken {
                what: "user",
                name: new.name.clone(),
            },
            other => other.into(),
        })?;
        let user = UserRow::try_from(&row)?;
        let entry = by
            .did("user.create", format!("user {}", user.id.0))
            .change(None, Some(user.audited()));
        self.audit_in(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// The user of that name, whatever its case.
    pub async fn find_user(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        const SELECT: &str = concat!("SELECT ", columns!(), " FROM users WHERE lower(name) = lower($1)");
        // PostgreSQL refuses a NUL even in a comparison, so a name that none can have is not looked for.
        if check_name(name).is_err() {
            return Ok(None);
        }
        let row = sqlx::query(SELECT).bind(name).fetch_optional(self.readers()).await?;
        row.as_ref().map(UserRow::try_from).transpose()
    }

    /// Every user in the order of their creation.
    pub async fn users(&self) -> Result<Vec<UserRow>, StoreError> {
        const SELECT: &str = concat!("SELECT ", columns!(), " FROM users ORDER BY id");
        let rows = sqlx::query(SELECT).fetch_all(self.readers()).await?;
        rows.iter().map(UserRow::try_from).collect()
    }

    /// How many administrators there are. A console without one cannot be signed in to by anybody who could change that.
    pub async fn count_admins(&self) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'admin'")
            .fetch_one(self.readers())
            .await?;
        Ok(count.unsigned_abs())
    }

    /// Replaces a user's password and ends all the user's sessions. The audit log has it as `user.password`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn set_password_hash(&self, id: UserId, hash: &Secret, by: &Actor) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let updated = sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
            .bind(id.0)
            .bind(hash.expose())
            .execute(&mut *transaction)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "user", id: id.0 });
        }
        sqlx::query("DELETE FROM sessions WHERE user_id = $1")
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        self.audit_in(&mut transaction, by.did("user.password", format!("user {}", id.0)))
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

impl UserRow {
    /// What the audit log keeps of a user.
    fn audited(&self) -> Value {
        json!({ "name": self.name, "role": role_name(self.role) })
    }
}

impl TryFrom<&AnyRow> for UserRow {
    type Error = StoreError;

    fn try_from(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.try_get("id")?),
            name: row.try_get("name")?,
            role: role(row.try_get("role")?),
            password_hash: Secret::new(row.try_get::<String, _>("password_hash")?),
            created_at: row::time(row, "created_at")?,
        })
    }
}

fn check_name(name: &str) -> Result<(), StoreError> {
    text::check(
        "name",
        name,
        1..=100,
        "must have 1 to 100 characters and no line breaks",
    )
}

/// The role of that name; anything but `admin` may change nothing.
pub(crate) fn role(name: &str) -> Role {
    if name == "admin" { Role::Admin } else { Role::Viewer }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Viewer => "viewer",
    }
}
