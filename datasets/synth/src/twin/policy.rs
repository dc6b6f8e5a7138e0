//! What is agreed about a twin: its budget, and for each column the values that it may take.

use super::TwinError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The section `[twin]` of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinPolicy {
    /// How what is measured is chosen.
    pub mechanism: Mechanism,
    /// The privacy loss of one row, for all that is ever published of this table by this twin.
    pub epsilon: f64,
    /// The probability with which that may fail; far below one over the number of rows.
    pub delta: f64,
    /// The column that says whose row it is: of each person the first row counts and no other. Without it the table
    /// must have one row for each person, since what is promised is promised to a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Every column of the table.
    pub columns: BTreeMap<String, ColumnPolicy>,
}

/// How what is measured is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// The pairs of a maximum spanning tree: fractions of a second, good up to ε = 1.
    Mst,
    /// Again and again the counts that fit worst: seconds, and better.
    Aim,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnPolicy {
    /// Where the domain comes from: a dictionary, a form, a reference range. Never the data itself, which would give
    /// away who has the largest value or the rarest code.
    pub source: String,
    /// The values it may take.
    pub domain: DomainPolicy,
}

/// The values that a column may take. A column that may be null has null besides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DomainPolicy {
    /// Some texts, whole numbers or truth values.
    Values {
        /// All of them.
        values: Vec<toml::Value>,
        /// The one that stands for everything else; without it, that becomes null.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        other: Option<toml::Value>,
    },
    /// Numbers between the first and the last edge, the last included; what lies outside goes into the nearest bin.
    Bins {
        /// Where the bins begin, and where the last one ends.
        edges: Vec<f64>,
        /// Values are multiples of this; 1 for whole numbers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<f64>,
    },
    /// The same with bins of equal width.
    Range {
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
        /// How many bins.
        bins: u32,
        /// Values are multiples of this; 1 for whole numbers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<f64>,
    },
    /// Days, or moments to the minute.
    Dates {
        /// First.
        first: toml::value::Datetime,
        /// Last.
        last: toml::value::Datetime,
        /// Days in a bin.
        days: u32,
    },
    /// An identifier of its own for every row, which is not modelled.
    Identifier {},
    /// Always null: free text and whatever else shall not be modelled.
    Empty {},
}

impl TwinPolicy {
    /// Reads a policy that stands alone.
    pub fn parse(text: &str) -> Result<Self, TwinError> {
        toml::from_str(text).map_err(|error| syntax(text, &error))
    }
}

/// What is wrong with a text, and on which line.
pub(crate) fn syntax(text: &str, error: &toml::de::Error) -> TwinError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
    TwinError::Syntax { line: before.matches('\n').count() + 1, message: error.message().to_owned() }
}
