//! What can go wrong in a database, sorted by what a caller can do about it.

use diesel::result::{ConnectionError, DatabaseErrorKind, Error as DieselError};
use mudeung_core::state::InvalidTransition;

/// Why a database could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is one already; choose another name or number.
    #[error("{what} exists already")]
    AlreadyExists {
        /// What exists.
        what: &'static str,
    },
    /// There is no such thing.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// The value cannot be stored; the caller must change it.
    #[error("{0}")]
    Invalid(String),
    /// The thing is in a state that does not allow it.
    #[error(transparent)]
    InvalidTransition(#[from] InvalidTransition),
    /// It is for somebody else: whoever stopped something does not start it again.
    #[error("what one stopped is started again by another")]
    ForAnother,
    /// The database is older or newer than this program. The operator must act.
    #[error("the {database} database has another schema than this program: {detail}; run `mudeung migrate`")]
    SchemaOutdated {
        /// `control` or `ledger`.
        database: &'static str,
        /// What differs.
        detail: String,
    },
    /// The database is locked, full, read-only or down; worth trying again.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// What is stored is not what this program stores. The operator must act.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

impl StoreError {
    pub(crate) fn corrupt(problem: impl std::fmt::Display) -> Self {
        Self::Corrupt(problem.to_string())
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound { what: "row" },
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::AlreadyExists { what: "a row" },
            DieselError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
                Self::NotFound { what: "row that is referred to" }
            }
            DieselError::DatabaseError(_, information) => Self::Unavailable(information.message().to_owned()),
            DieselError::DeserializationError(error) => Self::Corrupt(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<ConnectionError> for StoreError {
    fn from(error: ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Gives the errors of an insert the name of what was inserted.
pub(crate) fn inserting<T>(result: Result<T, DieselError>, what: &'static str) -> Result<(), StoreError> {
    result.map(|_| ()).map_err(|error| match StoreError::from(error) {
        StoreError::AlreadyExists { .. } => StoreError::AlreadyExists { what },
        other => other,
    })
}

/// Turns an update of no row into "there is no such …".
pub(crate) fn updating(result: Result<usize, DieselError>, what: &'static str) -> Result<(), StoreError> {
    match result? {
        0 => Err(StoreError::NotFound { what }),
        _ => Ok(()),
    }
}
