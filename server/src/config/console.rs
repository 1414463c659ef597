//! The console.

use serde::{Deserialize, Serialize};

/// `[console]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Console {
    /// Mark the session cookie `Secure` and `__Host-`; on when browsers reach the console over HTTPS.
    pub secure_cookies: bool,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: u32,
    /// Hours after which a session ends in any case.
    pub session_hours: u32,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            secure_cookies: false,
            session_idle_minutes: 12 * 60,
            session_hours: 7 * 24,
        }
    }
}
