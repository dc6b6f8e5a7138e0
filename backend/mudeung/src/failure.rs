//! How a command fails: one line, what and where, and the exit code that says whose fault it is.

use mudeung_store::ledger::LedgerError;
use std::fmt;
use std::process::ExitCode;

/// Why a command did not do what it was told.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What it was given is not right: exit code 2.
    Input(String),
    /// It could not be done: exit code 1.
    Failed(String),
    /// What was checked does not hold: exit code 3.
    Broken(String),
}

impl Failure {
    /// What was given is not right.
    pub(crate) fn input(reason: impl fmt::Display) -> Self {
        Self::Input(reason.to_string())
    }

    /// It could not be done.
    pub(crate) fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }

    /// What was checked does not hold.
    pub(crate) fn broken(reason: impl fmt::Display) -> Self {
        Self::Broken(reason.to_string())
    }

    /// The exit code.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Input(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
            Self::Broken(_) => ExitCode::from(3),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Failed(format!("ledger: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(reason) | Self::Failed(reason) | Self::Broken(reason) => f.write_str(reason),
        }
    }
}
