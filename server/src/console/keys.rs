//! Keys, as the console lists, creates and revokes them.

use std::time::Duration;

use worv_api::{ApiError, ApiKey, CreatedKey, KeyStatus, NewKey};
use worv_core::{
    UnixMillis,
    key::{KeyId, KeySecret},
};
use worv_store::{Actor, KeyRow};

use super::{Console, api::database_failed};

/// Days that a key may live, if it is to expire at all.
const MAX_DAYS: u32 = 3_650;

impl Console {
    /// Every key, newest first.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, ApiError> {
        let now = self.clock.now();
        let keys = self.store.keys().await.map_err(database_failed)?;
        Ok(keys.into_iter().map(|key| shown(key, now)).collect())
    }

    /// Creates a key.
    pub async fn create_key(&self, new: NewKey, by: &Actor) -> Result<CreatedKey, ApiError> {
        if new.expires_in_days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
            let message = format!("A key can live 1 to {MAX_DAYS} days, or until it is revoked.");
            return Err(ApiError::new(422, "invalid_request", message));
        }
        let now = self.clock.now();
        let lifetime = new
            .expires_in_days
            .map(|days| Duration::from_secs(86_400 * u64::from(days)));
        let secret = KeySecret::generate(&self.entropy);
        let row = worv_store::NewKey {
            owner: new.owner,
            note: new.note,
            expires_at: lifetime.map(|lifetime| now.plus(lifetime)),
            ..worv_store::NewKey::new(&secret, new.name)
        };
        let key = self.store.create_key(row, by).await.map_err(database_failed)?;
        Ok(CreatedKey {
            key: shown(key, now),
            secret: secret.expose().to_owned(),
        })
    }

    /// Revokes a key.
    pub async fn revoke_key(&self, id: KeyId, by: &Actor) -> Result<ApiKey, ApiError> {
        let key = self.store.revoke_key(id, by).await.map_err(database_failed)?;
        Ok(shown(key, self.clock.now()))
    }
}

/// Whether a key works at `now`.
pub fn key_status(key: &KeyRow, now: UnixMillis) -> KeyStatus {
    if key.revoked_at.is_some() {
        KeyStatus::Revoked
    } else if key.expires_at.is_some_and(|at| at <= now) {
        KeyStatus::Expired
    } else {
        KeyStatus::Active
    }
}

fn shown(key: KeyRow, now: UnixMillis) -> ApiKey {
    ApiKey {
        id: key.id.0,
        status: key_status(&key, now),
        name: key.name,
        owner: key.owner,
        note: key.note,
        prefix: key.prefix,
        last_four: key.last_four,
        created_at: key.created_at.0,
        expires_at: key.expires_at.map(|at| at.0),
        revoked_at: key.revoked_at.map(|at| at.0),
        last_used_at: key.last_used_at.map(|at| at.0),
    }
}
