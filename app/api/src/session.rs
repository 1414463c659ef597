//! Who is signed in.

use serde::{Deserialize, Serialize};

/// The signed-in user, as pages need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionInfo {
    /// The user's name.
    pub user: String,
    /// What the user may do.
    pub role: Role,
    /// Sent back in `X-CSRF-Token` with every change.
    pub csrf_token: String,
    /// Whether this is the demo: simulated engine, simulated GPUs.
    pub demo: bool,
    /// The running build; a page that was loaded from another one should be reloaded.
    pub build: String,
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Look at everything, change nothing.
    Viewer,
}
