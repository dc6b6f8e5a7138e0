//! Small tables that are stored nowhere: figures on their way out, to be written in a format of [`crate::reader`].

use crate::clock::Timestamp;

/// The values of a column, one for each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FigureValues {
    /// Moments.
    Moments(Vec<Timestamp>),
    /// Texts; nothing where a part was not told apart.
    Texts(Vec<Option<String>>),
    /// Counts.
    Counts(Vec<u64>),
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureColumn {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: FigureValues,
}

/// A table, whose columns are all as long as the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FigureTable {
    /// The columns, in order.
    pub columns: Vec<FigureColumn>,
}
