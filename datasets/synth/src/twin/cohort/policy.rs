//! What is agreed about a twin of persons and the tables of their events.

use crate::twin::events::PersonPolicy;
use crate::twin::policy::{ColumnPolicy, Mechanism};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The policy of a table with a row for each person and of tables with rows for what happened to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortPolicy {
    /// How what is measured of the person table is chosen.
    pub mechanism: Mechanism,
    /// The privacy loss of one person with all rows of all tables, for all that is ever published by this twin.
    pub epsilon: f64,
    /// The probability with which that may fail; far below one over the number of persons.
    pub delta: f64,
    /// The name of the table of persons.
    pub table: String,
    /// The table of persons.
    pub person: PersonPolicy,
    /// How histories are counted.
    pub history: HistoryPolicy,
    /// The tables of events by name.
    pub tables: BTreeMap<String, EventTable>,
}

/// How histories are counted. A code is called `table.value` where a column says what it was, `table.column` where a
/// column was measured, and `table` where a row says no more than when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryPolicy {
    /// Events of one person that count, at most: of more, some that follow each other.
    pub most: u32,
    /// The Euclidean length to which the counts of one person are cut. Noise grows with it.
    pub norm: u32,
    /// Edges of the classes of time between two events, in days (or in the unit of the time columns), from zero.
    pub gaps: Vec<f64>,
    /// The codes of which the person table knows whether a person has them.
    #[serde(default)]
    pub known: Vec<String>,
    /// The times at which events may be, in all tables.
    pub time: ColumnPolicy,
}

/// A table of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventTable {
    /// The column that says whose row it is, of the type of the identifier.
    pub person: String,
    /// When it was: whole numbers, dates or moments, of one type in all tables; never null.
    pub time: String,
    /// The column that says what it was, never null. Without it, every modelled column is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// With a code, the column of what was measured: a number that may be null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// With a value, the values of each code; where one is not named, values are null.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, ColumnPolicy>,
    /// Every other column. What is measured may be null, since not everything is measured each time.
    pub columns: BTreeMap<String, ColumnPolicy>,
}
