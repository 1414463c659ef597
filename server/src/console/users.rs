//! The console's users, their sessions and their passwords.

use worv_api::{ApiError, NewUser, PasswordChange, User, UserChange, UserSession};
use worv_core::Secret;
use worv_store::{Actor, SessionId, SessionRow, UserId, UserRow};

use super::{Console, api::database_failed, session::Session};
use crate::password;

impl Console {
    /// Every user, in the order of their creation.
    pub async fn users(&self) -> Result<Vec<User>, ApiError> {
        let users = self.store.users().await.map_err(database_failed)?;
        Ok(users.iter().map(user).collect())
    }

    /// Creates a user.
    pub async fn create_user(&self, new: NewUser, by: &Actor) -> Result<User, ApiError> {
        let password_hash = self.acceptable(new.password).await?;
        let new = worv_store::NewUser {
            name: new.name,
            role: new.role,
            password_hash,
        };
        let row = self.store.create_user(new, by).await.map_err(database_failed)?;
        Ok(user(&row))
    }

    /// Changes a user's role, password or both.
    pub async fn change_user(&self, id: UserId, change: UserChange, by: &Actor) -> Result<User, ApiError> {
        // All that can be wrong is found out before anything is changed.
        self.store.user(id).await.map_err(database_failed)?;
        let hash = match change.password {
            Some(password) => Some(self.acceptable(password).await?),
            None => None,
        };
        if let Some(role) = change.role {
            self.store.set_role(id, role, by).await.map_err(database_failed)?;
        }
        if let Some(hash) = hash {
            let changed = self.store.set_password_hash(id, &hash, by).await;
            changed.map_err(database_failed)?;
        }
        let row = self.store.user(id).await.map_err(database_failed)?;
        Ok(user(&row))
    }

    /// Deletes a user.
    pub async fn delete_user(&self, id: UserId, by: &Actor) -> Result<User, ApiError> {
        let row = self.store.delete_user(id, by).await.map_err(database_failed)?;
        Ok(user(&row))
    }

    /// Ends a user's second factor.
    pub async fn remove_second_factor(&self, id: UserId, by: &Actor) -> Result<User, ApiError> {
        self.store.remove_second_factor(id, by).await.map_err(database_failed)?;
        let row = self.store.user(id).await.map_err(database_failed)?;
        Ok(user(&row))
    }

    /// The sessions that have not ended, the latest first: of everybody, or of whoever asks.
    pub async fn user_sessions(&self, asking: &Session, everybody: bool) -> Result<Vec<UserSession>, ApiError> {
        let sessions = self.store.sessions().await.map_err(database_failed)?;
        let listed = sessions
            .into_iter()
            .filter(|row| everybody || row.user == asking.user_id);
        Ok(listed.map(|row| shown(row, asking)).collect())
    }

    /// Ends a session: anybody's, or only one of whoever asks.
    pub async fn revoke_session(
        &self,
        id: SessionId,
        asking: &Session,
        anybody: bool,
    ) -> Result<UserSession, ApiError> {
        let row = self.store.session(id).await.map_err(database_failed)?;
        let Some(row) = row.filter(|row| anybody || row.user == asking.user_id) else {
            return Err(ApiError::new(
                404,
                "not_found",
                format!("There is no session {}.", id.0),
            ));
        };
        self.store.delete_session(id).await.map_err(database_failed)?;
        let entry = asking.actor.did("session.revoke", format!("user {}", row.user.0));
        self.store.audit(entry).await.map_err(database_failed)?;
        Ok(shown(row, asking))
    }

    /// Changes the password of whoever asks, and ends all of their sessions.
    pub async fn change_own_password(&self, asking: &Session, change: PasswordChange) -> Result<(), ApiError> {
        self.confirm_password(asking, change.current_password).await?;
        let hash = self.acceptable(change.new_password).await?;
        let changed = self.store.set_password_hash(asking.user_id, &hash, &asking.actor).await;
        changed.map_err(database_failed)
    }

    /// Makes sure that whoever asks knows their password: an open page alone is not enough for what this guards.
    pub async fn confirm_password(&self, asking: &Session, given: String) -> Result<(), ApiError> {
        if let Some(pause) = self.throttle.pause(asking.actor.address(), &asking.user) {
            let message = format!("Too many attempts. Try again in {} s.", pause.as_secs() + 1);
            return Err(ApiError::new(429, "too_many_attempts", message));
        }
        let row = self.store.user(asking.user_id).await.map_err(database_failed)?;
        if self.passwords.verify(Secret::new(given), Some(row.password_hash)).await {
            return Ok(());
        }
        self.throttle.failed(asking.actor.address(), &asking.user);
        Err(ApiError::new(422, "wrong_password", "That is not your password."))
    }

    /// The hash of a new password, unless something is wrong with it.
    async fn acceptable(&self, password: String) -> Result<Secret, ApiError> {
        let password = Secret::new(password);
        match password::objection(&password) {
            Some(objection) => {
                let message = format!("{objection}.").replacen("the", "The", 1);
                Err(ApiError::new(422, "invalid_request", message))
            }
            None => Ok(self.passwords.hash(password).await),
        }
    }
}

/// A user as the console and the command line show one.
pub fn user(row: &UserRow) -> User {
    User {
        id: row.id.0,
        name: row.name.clone(),
        role: row.role,
        created_at: row.created_at.0,
        second_factor: row.second_factor_since.is_some(),
    }
}

fn shown(row: SessionRow, asking: &Session) -> UserSession {
    UserSession {
        id: row.id.0,
        current: row.id == asking.id,
        user: row.user_name,
        address: row.address,
        user_agent: row.user_agent,
        created_at: row.created_at.0,
        last_seen_at: row.last_seen_at.0,
        expires_at: row.expires_at.0,
    }
}
