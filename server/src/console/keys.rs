//! Keys, as the console lists and changes them.

use std::time::Duration;

use serde_json::Value;
use worv_api::{ApiError, ApiKey, CreatedKey, KeyEdit, KeyRotation, KeyStatus, NewKey};
use worv_core::{
    UnixMillis,
    key::{KeyId, KeySecret},
};
use worv_store::{Actor, KeyRow};

use super::{Console, api::database_failed, playground::is_playgrounds};

/// Days that a key may live, if it is to expire at all.
const MAX_DAYS: u32 = 3_650;

/// Hours that a secret may work on after a rotation.
const MAX_OVERLAP_HOURS: u32 = 720;

impl Console {
    /// Every key, newest first, but for those of the playground, which live for minutes.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, ApiError> {
        let now = self.clock.now();
        let keys = self.store.keys().await.map_err(database_failed)?;
        let listed = keys.into_iter().filter(|key| !is_playgrounds(key));
        Ok(listed.map(|key| shown(key, now)).collect())
    }

    /// One key.
    pub async fn key(&self, id: KeyId) -> Result<ApiKey, ApiError> {
        let key = self.store.key(id).await.map_err(database_failed)?;
        Ok(shown(key, self.clock.now()))
    }

    /// Creates a key.
    pub async fn create_key(&self, new: NewKey, by: &Actor) -> Result<CreatedKey, ApiError> {
        if new.expires_in_days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
            return Err(invalid(&format!(
                "A key can live 1 to {MAX_DAYS} days, or until it is revoked."
            )));
        }
        let now = self.clock.now();
        let after = |days: u32| now.plus(Duration::from_secs(86_400 * u64::from(days)));
        let secret = KeySecret::generate(&self.entropy);
        let row = worv_store::NewKey {
            owner: new.owner,
            note: new.note,
            expires_at: new.expires_at.map(UnixMillis).or(new.expires_in_days.map(after)),
            settings: new.settings,
            ..worv_store::NewKey::new(&secret, new.name, now)
        };
        let key = self.store.create_key(row, by).await.map_err(database_failed)?;
        Ok(created(&secret, key, now))
    }

    /// Changes what `patch`, a JSON merge patch of a [`KeyEdit`], says.
    pub async fn edit_key(&self, id: KeyId, patch: &Value, by: &Actor) -> Result<ApiKey, ApiError> {
        let before = self.store.key(id).await.map_err(database_failed)?.edit();
        let before = KeyEdit {
            name: before.name,
            owner: before.owner,
            note: before.note,
            expires_at: before.expires_at.map(|at| at.0),
            settings: before.settings,
        };
        let mut edit = serde_json::to_value(before).map_err(|error| invalid(&error.to_string()))?;
        merge(&mut edit, patch);
        let edit: KeyEdit =
            serde_json::from_value(edit).map_err(|error| invalid(&format!("The change cannot be read: {error}.")))?;
        self.replace_key(id, edit, by).await
    }

    /// Gives a key what `edit` says.
    pub async fn replace_key(&self, id: KeyId, edit: KeyEdit, by: &Actor) -> Result<ApiKey, ApiError> {
        let edit = worv_store::KeyEdit {
            name: edit.name,
            owner: edit.owner,
            note: edit.note,
            expires_at: edit.expires_at.map(UnixMillis),
            settings: edit.settings,
        };
        let key = self.store.edit_key(id, edit, by).await.map_err(database_failed)?;
        Ok(shown(key, self.clock.now()))
    }

    /// Gives a key another secret.
    pub async fn rotate_key(&self, id: KeyId, rotation: KeyRotation, by: &Actor) -> Result<CreatedKey, ApiError> {
        if rotation.overlap_hours > MAX_OVERLAP_HOURS {
            return Err(invalid(&format!(
                "The earlier secret can work on for at most {MAX_OVERLAP_HOURS} hours."
            )));
        }
        let secret = KeySecret::generate(&self.entropy);
        let overlap = Duration::from_hours(rotation.overlap_hours.into());
        let key = self.store.rotate_key(id, &secret, overlap, by).await;
        Ok(created(&secret, key.map_err(database_failed)?, self.clock.now()))
    }

    /// Refuses a key until it is resumed.
    pub async fn suspend_key(&self, id: KeyId, by: &Actor) -> Result<ApiKey, ApiError> {
        let key = self.store.suspend_key(id, by).await.map_err(database_failed)?;
        Ok(shown(key, self.clock.now()))
    }

    /// Accepts a suspended key again.
    pub async fn resume_key(&self, id: KeyId, by: &Actor) -> Result<ApiKey, ApiError> {
        let key = self.store.resume_key(id, by).await.map_err(database_failed)?;
        Ok(shown(key, self.clock.now()))
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
    } else if key.suspended_at.is_some() {
        KeyStatus::Suspended
    } else {
        KeyStatus::Active
    }
}

/// A key as the console and the command line show it at `now`.
pub fn shown(key: KeyRow, now: UnixMillis) -> ApiKey {
    let millis = |at: Option<UnixMillis>| at.map(|at| at.0);
    ApiKey {
        id: key.id.0,
        status: key_status(&key, now),
        name: key.name,
        owner: key.owner,
        note: key.note,
        prefix: key.prefix,
        last_four: key.last_four,
        created_at: key.created_at.0,
        expires_at: millis(key.expires_at),
        revoked_at: millis(key.revoked_at),
        suspended_at: millis(key.suspended_at),
        previous_until: millis(key.previous_until),
        last_used_at: millis(key.last_used_at),
        settings: key.settings,
    }
}

fn created(secret: &KeySecret, key: KeyRow, now: UnixMillis) -> CreatedKey {
    CreatedKey {
        key: shown(key, now),
        secret: secret.expose().to_owned(),
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(422, "invalid_request", message)
}

/// Applies a JSON merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, change) in patch {
        if change.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patch_changes_what_it_names_and_null_takes_away() {
        let mut key = json!({"name": "a", "settings": {"weight": 100, "concurrency": 4}});
        merge(&mut key, &json!({"settings": {"concurrency": null, "budget_day": 9}}));
        assert_eq!(key, json!({"name": "a", "settings": {"weight": 100, "budget_day": 9}}));
        merge(&mut key, &json!([1]));
        assert_eq!(key, json!([1]));
    }
}
