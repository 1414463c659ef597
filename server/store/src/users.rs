//! The people who may sign in to the console.

use serde_json::{Value, json};
use sqlx::{Any, AnyConnection, Executor, Row, Transaction, any::AnyRow};
use worv_api::Role;
use worv_core::{Secret, UnixMillis};

use crate::{Actor, Store, StoreError, row, store::Kind, text};

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
    /// Since when signing in asks for a second factor; none if it does not.
    pub second_factor_since: Option<UnixMillis>,
}

/// The columns of a [`UserRow`].
macro_rules! columns {
    () => {
        "id, name, role, password_hash, created_at, totp_confirmed_at"
    };
}

/// Where the only administrator would be none any more.
const LAST_ADMINISTRATOR: StoreError = StoreError::Invalid {
    field: "last administrator",
    rule: "must stay one: make another user an administrator first",
};

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

    /// The user of that number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn user(&self, id: UserId) -> Result<UserRow, StoreError> {
        let mut connection = self.readers().acquire().await?;
        stored(&mut connection, id).await
    }

    /// Replaces a user's password and ends all the user's sessions. The audit log has it as `user.password`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn set_password_hash(&self, id: UserId, hash: &Secret, by: &Actor) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        stored(&mut transaction, id).await?;
        sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
            .bind(id.0)
            .bind(hash.expose())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE user_id = $1")
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        self.audit_in(&mut transaction, by.did("user.password", format!("user {}", id.0)))
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Changes what a user may do. The audit log has it as `user.role`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] where no administrator would be left.
    pub async fn set_role(&self, id: UserId, role: Role, by: &Actor) -> Result<UserRow, StoreError> {
        let mut transaction = self.begin_with_users().await?;
        let before = stored(&mut transaction, id).await?;
        if before.role == role {
            return Ok(before);
        }
        sqlx::query("UPDATE users SET role = $2 WHERE id = $1")
            .bind(id.0)
            .bind(role_name(role))
            .execute(&mut *transaction)
            .await?;
        let after = UserRow { role, ..before.clone() };
        let entry = by
            .did("user.role", format!("user {}", id.0))
            .change(Some(before.audited()), Some(after.audited()));
        self.audit_in(&mut transaction, entry).await?;
        keep_an_administrator(&mut transaction).await?;
        transaction.commit().await?;
        Ok(after)
    }

    /// Deletes a user, and ends the user's sessions. The audit log has it as `user.delete`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] where no administrator would be left.
    pub async fn delete_user(&self, id: UserId, by: &Actor) -> Result<UserRow, StoreError> {
        let mut transaction = self.begin_with_users().await?;
        let user = stored(&mut transaction, id).await?;
        sqlx::query("DELETE FROM users WHERE id = $1")
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        let entry = by
            .did("user.delete", format!("user {}", id.0))
            .change(Some(user.audited()), None);
        self.audit_in(&mut transaction, entry).await?;
        keep_an_administrator(&mut transaction).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// A transaction in which nobody else changes users: two administrators who remove each other in the same moment
    /// would leave none.
    async fn begin_with_users(&self) -> Result<Transaction<'static, Any>, StoreError> {
        let mut transaction = self.begin().await?;
        if self.kind() == Kind::Postgres {
            transaction
                .execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
                .await?;
        }
        Ok(transaction)
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
            second_factor_since: row::optional_time(row, "totp_confirmed_at")?,
        })
    }
}

/// The user of that number, as part of what is done with it.
pub(crate) async fn stored(connection: &mut AnyConnection, id: UserId) -> Result<UserRow, StoreError> {
    const SELECT: &str = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
    let row = sqlx::query(SELECT).bind(id.0).fetch_optional(connection).await?;
    UserRow::try_from(&row.ok_or(StoreError::NotFound { what: "user", id: id.0 })?)
}

async fn keep_an_administrator(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'admin'")
        .fetch_one(connection)
        .await?;
    if left == 0 { Err(LAST_ADMINISTRATOR) } else { Ok(()) }
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
