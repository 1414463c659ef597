//! The console.

use serde::{Deserialize, Serialize};

/// `[console]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Console {
    /// Mark the session cookie `Secure` and `__Host-`: for a console that browsers reach over HTTPS. Without it, on with `[tls]`.
    pub secure_cookies: Option<bool>,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: u32,
    /// Hours after which a session ends in any case.
    pub session_hours: u32,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            secure_cookies: None,
            session_idle_minutes: 12 * 60,
            session_hours: 7 * 24,
        }
    }
}
