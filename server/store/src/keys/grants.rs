//! Keys as the data path sees them.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row, any::AnyRow};
use worv_core::{
    UnixMillis,
    key::{KeyDigest, KeyGrant, KeyId},
};

use super::{columns, edited_columns, settings};
use crate::{Store, StoreError, row};

impl Store {
    /// What the data path needs to know of every key, expired and revoked ones included, so that it can tell a caller
    /// why a key is refused. A key that was rotated is there by both its secrets, the earlier one with the time at
    /// which it ends.
    pub async fn key_grants(&self) -> Result<Vec<(KeyDigest, KeyGrant)>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT digest, CAST(NULL AS BIGINT) AS ends_at, ",
            columns!(),
            " FROM api_keys UNION ALL SELECT previous_digest, previous_until, ",
            columns!(),
            " FROM api_keys WHERE previous_digest IS NOT NULL"
        );
        let rows = sqlx::query(SELECT).fetch_all(self.readers()).await?;
        rows.iter().map(|row| Ok(grant(row)?)).collect()
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

fn grant(row: &AnyRow) -> sqlx::Result<(KeyDigest, KeyGrant)> {
    let ends = [
        row::optional_time(row, "expires_at")?,
        row::optional_time(row, "ends_at")?,
    ];
    let grant = KeyGrant {
        id: KeyId(row.try_get("id")?),
        name: row.try_get("name")?,
        expires_at: ends.into_iter().flatten().min(),
        revoked_at: row::optional_time(row, "revoked_at")?,
        suspended_at: row::optional_time(row, "suspended_at")?,
        settings: settings::from_row(row)?,
    };
    Ok((KeyDigest(row::bytes(row, "digest")?), grant))
}
