//! What administrators do with keys and users, and everyone with their own account. Each method asks for the role that it
//! needs.

use std::sync::Arc;

use axum::body::Bytes;
use futures::Stream;
use serde_json::Value;
use worv_api::{
    ApiError, ApiKey, AuditFilter, AuditPage, CreatedKey, EffectiveSettings, KeyEdit, KeyRotation, NewKey, NewUser,
    PasswordChange, PasswordCheck, RecoveryCodes, Role, SecondFactorCode, SecondFactorDraft, User, UserChange,
    UserSession,
};
use worv_core::key::KeyId;
use worv_store::{SessionId, StoreError, UserId};

use super::{audit, service::Service};

/// Keys.
impl Service {
    /// One key.
    pub async fn key(&self, id: KeyId) -> Result<ApiKey, ApiError> {
        self.console().key(id).await
    }

    /// Creates a key.
    pub async fn create_key(&self, new: NewKey) -> Result<CreatedKey, ApiError> {
        self.require_admin()?;
        self.console().create_key(new, self.actor()).await
    }

    /// Revokes a key for good.
    pub async fn revoke_key(&self, id: KeyId) -> Result<ApiKey, ApiError> {
        self.require_admin()?;
        self.console().revoke_key(id, self.actor()).await
    }

    /// Changes what a JSON merge patch says.
    pub async fn edit_key(&self, id: KeyId, patch: &Value) -> Result<ApiKey, ApiError> {
        self.require_admin()?;
        self.console().edit_key(id, patch, self.actor()).await
    }

    /// Gives a key what a form says.
    pub async fn replace_key(&self, id: KeyId, edit: KeyEdit) -> Result<ApiKey, ApiError> {
        self.require_admin()?;
        self.console().replace_key(id, edit, self.actor()).await
    }

    /// Gives a key another secret.
    pub async fn rotate_key(&self, id: KeyId, rotation: KeyRotation) -> Result<CreatedKey, ApiError> {
        self.require_admin()?;
        self.console().rotate_key(id, rotation, self.actor()).await
    }

    /// Refuses a key until it is resumed.
    pub async fn suspend_key(&self, id: KeyId) -> Result<ApiKey, ApiError> {
        self.require_admin()?;
        self.console().suspend_key(id, self.actor()).await
    }

    /// Accepts a suspended key again.
    pub async fn resume_key(&self, id: KeyId) -> Result<ApiKey, ApiError> {
        self.require_admin()?;
        self.console().resume_key(id, self.actor()).await
    }
}

/// Users and sessions.
impl Service {
    /// Every user.
    pub async fn users(&self) -> Result<Vec<User>, ApiError> {
        self.console().users().await
    }

    /// Creates a user.
    pub async fn create_user(&self, new: NewUser) -> Result<User, ApiError> {
        self.require_admin()?;
        self.console().create_user(new, self.actor()).await
    }

    /// Changes a user's role, password or both.
    pub async fn change_user(&self, id: UserId, change: UserChange) -> Result<User, ApiError> {
        self.require_admin()?;
        self.console().change_user(id, change, self.actor()).await
    }

    /// Deletes a user.
    pub async fn delete_user(&self, id: UserId) -> Result<User, ApiError> {
        self.require_admin()?;
        self.console().delete_user(id, self.actor()).await
    }

    /// Ends a user's second factor, for one who has lost it.
    pub async fn remove_second_factor(&self, id: UserId) -> Result<User, ApiError> {
        self.require_admin()?;
        self.console().remove_second_factor(id, self.actor()).await
    }

    /// The sessions that have not ended: everybody's for an administrator, one's own for everyone else.
    pub async fn sessions(&self) -> Result<Vec<UserSession>, ApiError> {
        let everybody = self.role() == Role::Admin;
        self.console().user_sessions(self.own(), everybody).await
    }

    /// Ends a session: anybody's for an administrator, one's own for everyone else.
    pub async fn revoke_session(&self, id: SessionId) -> Result<UserSession, ApiError> {
        let anybody = self.role() == Role::Admin;
        self.console().revoke_session(id, self.own(), anybody).await
    }
}

/// One's own account, whatever one's role.
impl Service {
    /// Changes one's own password.
    pub async fn change_own_password(&self, change: PasswordChange) -> Result<(), ApiError> {
        self.console().change_own_password(self.own(), change).await
    }

    /// How many recovery codes one has left; none without a second factor.
    pub async fn recovery_codes_left(&self) -> Result<Option<u64>, ApiError> {
        self.console().recovery_codes_left(self.own()).await
    }

    /// The second factor that one has begun, if it is not in force.
    pub async fn begun_second_factor(&self) -> Result<Option<SecondFactorDraft>, ApiError> {
        self.console().begun_second_factor(self.own()).await
    }

    /// Begins a second factor.
    pub async fn begin_second_factor(&self) -> Result<SecondFactorDraft, ApiError> {
        self.console().begin_second_factor(self.own()).await
    }

    /// Puts the second factor in force that was begun.
    pub async fn confirm_second_factor(&self, code: SecondFactorCode) -> Result<RecoveryCodes, ApiError> {
        self.console().confirm_second_factor(self.own(), &code.code).await
    }

    /// Takes new recovery codes in place of those from before.
    pub async fn new_recovery_codes(&self, check: PasswordCheck) -> Result<RecoveryCodes, ApiError> {
        self.console().new_recovery_codes(self.own(), check.password).await
    }

    /// Ends one's own second factor.
    pub async fn remove_own_second_factor(&self, check: PasswordCheck) -> Result<(), ApiError> {
        self.console()
            .remove_own_second_factor(self.own(), check.password)
            .await
    }
}

/// The record, and the configuration.
impl Service {
    /// A page of the audit log.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<AuditPage, ApiError> {
        self.console().audit_page(filter).await
    }

    /// The audit log as CSV, a piece at a time.
    pub fn audit_csv(&self, filter: AuditFilter) -> impl Stream<Item = Result<Bytes, StoreError>> + use<> {
        audit::audit_csv(Arc::clone(self.console()), filter)
    }

    /// The configuration that is in force.
    pub fn settings(&self) -> EffectiveSettings {
        self.console().settings.clone()
    }
}
