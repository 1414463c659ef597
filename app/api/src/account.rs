//! The people who may sign in, and their sessions.

use serde::{Deserialize, Serialize};

use crate::Role;

/// A user of the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// The user's number.
    pub id: i64,
    /// The name to sign in with.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Whether signing in asks for a second factor.
    pub second_factor: bool,
}

/// What is needed to create a user.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 1 to 100 characters; unique, whatever its case.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// At least 10 characters.
    pub password: String,
}

/// What an administrator changes of a user; what is left out stays.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct UserChange {
    /// What the user may do. The last administrator stays one.
    pub role: Option<Role>,
    /// A new password, at least 10 characters. It ends all of the user's sessions.
    pub password: Option<String>,
}

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserSession {
    /// Its number; it opens nothing.
    pub id: i64,
    /// The user's name.
    pub user: String,
    /// Where the user signed in from.
    pub address: String,
    /// The browser as it named itself.
    pub user_agent: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds, to the minute.
    pub last_seen_at: i64,
    /// When it ends in any case, in Unix milliseconds.
    pub expires_at: i64,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// A new password of one's own. It ends all of one's sessions, the one that asks too.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password up to now.
    pub current_password: String,
    /// At least 10 characters.
    pub new_password: String,
}

/// The password, where a change has to be confirmed with it.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordCheck {
    /// One's own password.
    pub password: String,
}

/// A second factor that is not in force before a code of it has been given.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecondFactorDraft {
    /// The shared secret in base 32, for typing into an authenticator.
    pub secret: String,
    /// The same as an `otpauth:` address.
    pub uri: String,
    /// That address as a QR code, an SVG drawing.
    pub qr_svg: String,
}

/// The code that an authenticator shows.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecondFactorCode {
    /// Six digits.
    pub code: String,
}

/// Codes that each stand in for the authenticator once. They are never shown again.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryCodes {
    /// The codes.
    pub recovery_codes: Vec<String>,
}
