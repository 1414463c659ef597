//! The second factor of signing in, and the codes that stand in for it.

use std::fmt;

use sqlx::{AnyConnection, Row};
use worv_core::UnixMillis;

use crate::{Actor, Store, StoreError, UserId, row, users};

/// What a user's authenticator shares with the gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The shared secret.
    pub secret: Vec<u8>,
    /// Since when signing in asks for it; none before a code of it has been given.
    pub confirmed_at: Option<UnixMillis>,
    /// The last step of time whose code was used.
    pub last_step: i64,
}

/// SHA-256 of a recovery code, which has 80 random bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RecoveryDigest(pub [u8; 32]);

impl Store {
    /// A user's second factor, confirmed or not; none if there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is no such user.
    pub async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        let mut connection = self.readers().acquire().await?;
        read(&mut connection, user).await
    }

    /// Begins a second factor. Nothing asks for it before [`Store::confirm_second_factor`]; one that was begun before
    /// is forgotten.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] where there is one in force.
    pub async fn begin_second_factor(&self, user: UserId, secret: &[u8]) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        unconfirmed(&mut transaction, user).await?;
        sqlx::query("UPDATE users SET totp_secret = $2, totp_last_step = 0 WHERE id = $1")
            .bind(user.0)
            .bind(secret.to_vec())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Puts the second factor that was begun in force, with the step of the code that proved it and the recovery codes.
    /// The audit log has it as `second_factor.on`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and [`StoreError::Invalid`] where there is one in force or none was begun.
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        step: i64,
        codes: &[RecoveryDigest],
        by: &Actor,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        if unconfirmed(&mut transaction, user).await?.is_none() {
            return Err(StoreError::Invalid {
                field: "second factor",
                rule: "must be set up before it is confirmed",
            });
        }
        sqlx::query("UPDATE users SET totp_confirmed_at = $2, totp_last_step = $3 WHERE id = $1")
            .bind(user.0)
            .bind(self.clock().now().0)
            .bind(step)
            .execute(&mut *transaction)
            .await?;
        replace_codes(&mut transaction, user, codes).await?;
        let entry = by.did("second_factor.on", format!("user {}", user.0));
        self.audit_in(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Gives a user new recovery codes; those from before end. The audit log has it as `second_factor.codes`.
    pub async fn replace_recovery_codes(
        &self,
        user: UserId,
        codes: &[RecoveryDigest],
        by: &Actor,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        users::stored(&mut transaction, user).await?;
        replace_codes(&mut transaction, user, codes).await?;
        let entry = by.did("second_factor.codes", format!("user {}", user.0));
        self.audit_in(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends a user's second factor, with its recovery codes. Where there is none, nothing changes. The audit log has it
    /// as `second_factor.off`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]
    pub async fn remove_second_factor(&self, user: UserId, by: &Actor) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        if read(&mut transaction, user).await?.is_none() {
            return Ok(());
        }
        sqlx::query("UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = 0 WHERE id = $1")
            .bind(user.0)
            .execute(&mut *transaction)
            .await?;
        replace_codes(&mut transaction, user, &[]).await?;
        let entry = by.did("second_factor.off", format!("user {}", user.0));
        self.audit_in(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that the code of a step of time was used. False where that step, or a later one, was used before: then the
    /// code must not be accepted again.
    pub async fn use_totp_step(&self, user: UserId, step: i64) -> Result<bool, StoreError> {
        self.used(
            sqlx::query("UPDATE users SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2")
                .bind(user.0)
                .bind(step),
        )
        .await
    }

    /// Uses a recovery code up. False where there is none such.
    pub async fn use_recovery_code(&self, user: UserId, code: &RecoveryDigest) -> Result<bool, StoreError> {
        self.used(
            sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2")
                .bind(user.0)
                .bind(code.0.to_vec()),
        )
        .await
    }

    /// How many recovery codes a user has left.
    pub async fn recovery_codes_left(&self, user: UserId) -> Result<u64, StoreError> {
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1")
            .bind(user.0)
            .fetch_one(self.readers())
            .await?;
        Ok(left.unsigned_abs())
    }

    /// Runs a statement that changes one row or none; whether it did.
    async fn used(&self, statement: BoundQuery) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let used = statement.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(used.rows_affected() > 0)
    }
}

type BoundQuery = sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>;

async fn read(connection: &mut AnyConnection, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
    const SELECT: &str = "SELECT totp_secret, totp_confirmed_at, totp_last_step FROM users WHERE id = $1";
    let row = sqlx::query(SELECT).bind(user.0).fetch_optional(connection).await?;
    let row = row.ok_or(StoreError::NotFound {
        what: "user",
        id: user.0,
    })?;
    let Some(secret) = row.try_get::<Option<Vec<u8>>, _>("totp_secret")? else {
        return Ok(None);
    };
    Ok(Some(SecondFactor {
        secret,
        confirmed_at: row::optional_time(&row, "totp_confirmed_at")?,
        last_step: row.try_get("totp_last_step")?,
    }))
}

/// The second factor that was begun and is not in force, if there is one.
async fn unconfirmed(connection: &mut AnyConnection, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
    match read(connection, user).await? {
        Some(SecondFactor {
            confirmed_at: Some(_), ..
        }) => Err(StoreError::Invalid {
            field: "second factor",
            rule: "is in force already; switch it off first",
        }),
        other => Ok(other),
    }
}

async fn replace_codes(
    connection: &mut AnyConnection,
    user: UserId,
    codes: &[RecoveryDigest],
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1")
        .bind(user.0)
        .execute(&mut *connection)
        .await?;
    for code in codes {
        sqlx::query("INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)")
            .bind(user.0)
            .bind(code.0.to_vec())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFactor(hidden)")
    }
}

impl fmt::Debug for RecoveryDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryDigest(hidden)")
    }
}
