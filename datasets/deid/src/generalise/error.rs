//! Why a question cannot be searched.

use super::{COLUMNS_MAX, LEVELS_MAX};

/// A question that cannot be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GeneraliseError {
    /// A hierarchy has no values, too many levels, or levels of different lengths.
    #[error("a hierarchy needs 1 to {LEVELS_MAX} levels of the same values; it has {levels} levels of {values} values")]
    Hierarchy {
        /// Levels.
        levels: usize,
        /// Values of the first level.
        values: usize,
    },
    /// A group of a level is split by a coarser level.
    #[error("level {level} of a hierarchy splits a group of the level below")]
    NotATree {
        /// The level, from zero.
        level: usize,
    },
    /// There are no quasi-identifiers, or too many.
    #[error("a search needs 1 to {COLUMNS_MAX} quasi-identifiers; there are {columns}")]
    Columns {
        /// How many.
        columns: usize,
    },
    /// Columns have different lengths, no persons, or values that are not in the hierarchy.
    #[error("the columns of {persons} persons are not of one length, or have values outside of their hierarchy")]
    Codes {
        /// Persons of the first column.
        persons: usize,
    },
    /// A model of a sensitive column has settings that cannot be, or a tree that does not cover the values.
    #[error("a model of a sensitive column has settings outside of their range, or a tree without a single root")]
    Model,
}
