//! Why signing in failed, in words.

/// Why signing in failed. None of them tells whether the name exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// The name or the password is wrong.
    Rejected,
    /// The code of the second factor is wrong, or was used before.
    WrongCode,
    /// The form was open for too long, or its token is not the one that was given out.
    Expired,
    /// Too many attempts.
    Throttled {
        /// Seconds until the next attempt is allowed.
        retry_after: u64,
    },
    /// The server cannot check passwords at the moment.
    Unavailable,
}

impl std::fmt::Display for LoginError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rejected => f.write_str("The name or the password is not right."),
            Self::WrongCode => f.write_str("That code is not right, or it was used before. Wait for the next one."),
            Self::Expired => f.write_str("This page was open for too long. Please sign in again."),
            Self::Throttled { retry_after } => {
                write!(f, "Too many attempts. Try again in {retry_after} s.")
            }
            Self::Unavailable => f.write_str("The server cannot check passwords at the moment. Try again shortly."),
        }
    }
}
