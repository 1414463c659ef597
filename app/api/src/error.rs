//! What went wrong, for a person and for a program.

use serde::{Deserialize, Serialize};

/// The body of every console API answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[error("{message}")]
pub struct ApiError {
    /// The HTTP status; 0 where no answer came at all.
    pub status: u16,
    /// A short name that programs can match on, such as `forbidden`.
    pub code: String,
    /// What happened and what to do about it, in a sentence.
    pub message: String,
}

impl ApiError {
    /// An error with its parts.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// The server could not be reached.
    pub fn unreachable() -> Self {
        Self::new(
            0,
            "unreachable",
            "The server did not answer. Check the connection and try again.",
        )
    }

    /// Whether signing in again is the cure.
    pub fn is_signed_out(&self) -> bool {
        self.status == 401
    }
}
