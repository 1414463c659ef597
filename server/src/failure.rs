//! A start or command that failed: one line for a person, one exit code for a script.

use std::{fmt, process::ExitCode};

/// Why the program ends, as one clear line and a code of `sysexits.h`.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
}

/// The codes of `sysexits.h` that are used, each with its meaning there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage = 64,
    /// The input data is wrong, such as a database from a newer version.
    Data = 65,
    /// A file that was named cannot be read.
    NoInput = 66,
    /// Something needed does not answer or is taken.
    Unavailable = 69,
    /// The program itself is at fault.
    Software = 70,
    /// A file cannot be created.
    CannotCreate = 73,
    /// Reading or writing failed.
    InputOutput = 74,
    /// The configuration is wrong.
    Config = 78,
}

impl Failure {
    /// A failure of a kind, with the line that says what to do.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The code to exit with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

/// What is at the bottom of an error; what stands above often says only that something failed.
pub fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
