//! What is agreed about a twin of persons and their events.

use crate::twin::TwinError;
use crate::twin::policy::{ColumnPolicy, DomainPolicy, Mechanism, syntax};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The policy of two tables: one with a row for each person, one with a row for each event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsPolicy {
    /// How what is measured of the person table is chosen.
    pub mechanism: Mechanism,
    /// The privacy loss of one person with all events, for all that is ever published by this twin.
    pub epsilon: f64,
    /// The probability with which that may fail; far below one over the number of persons.
    pub delta: f64,
    /// The table of persons.
    pub person: PersonPolicy,
    /// The table of events.
    pub events: EventPolicy,
}

/// The table of persons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonPolicy {
    /// The column that identifies a person: of each the first row counts and no other.
    pub id: String,
    /// Columns on whose values the order of events and their values depend; few, with few values.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Every column of the table.
    pub columns: BTreeMap<String, ColumnPolicy>,
}

/// The table of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventPolicy {
    /// The column that says whose event it is, of the type of the identifier.
    pub person: String,
    /// Events of one person that count, at most: of more, some that follow each other.
    pub most: u32,
    /// The Euclidean length to which the counts of one person are cut. Noise grows with it.
    pub norm: u32,
    /// Of how many codes, from the first, the person table knows whether a person has them.
    #[serde(default)]
    pub flags: u32,
    /// Edges of the classes of time between two events, in days (or in the unit of the time column), from zero.
    pub gaps: Vec<f64>,
    /// When it was.
    pub time: TimePolicy,
    /// What it was.
    pub code: CodePolicy,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValuePolicy>,
    /// Any further columns: identifiers, or what is left empty.
    #[serde(default)]
    pub others: BTreeMap<String, ColumnPolicy>,
}

/// When events may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimePolicy {
    /// The column: whole numbers, dates or moments; never null.
    pub column: String,
    /// Where the domain comes from.
    pub source: String,
    /// The times at which events may be; the first event of a person is known by its bins.
    pub domain: DomainPolicy,
}

/// Which codes there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodePolicy {
    /// The column: texts or whole numbers; never null.
    pub column: String,
    /// Where the codes come from.
    pub source: String,
    /// All codes. Without them, those are found that so many persons have that nobody is given away by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// What stands for any other code; without it, events with others are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// Different codes of one person that count where codes are to be found, at most.
    #[serde(default = "distinct")]
    pub distinct: u32,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuePolicy {
    /// The column: a number that may be null.
    pub column: String,
    /// The values of each code; where one is not named, values are null.
    pub of: BTreeMap<String, ColumnPolicy>,
}

fn distinct() -> u32 {
    8
}

impl EventsPolicy {
    /// Reads a policy that stands alone.
    pub fn parse(text: &str) -> Result<Self, TwinError> {
        toml::from_str(text).map_err(|error| syntax(text, &error))
    }
}
