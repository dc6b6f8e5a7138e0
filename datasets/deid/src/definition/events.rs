//! `[events.<table>]` of a recipe: what an adversary may know of a person's events, beside age and sex.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What an adversary may know of one row of a table: what was found, and when. A row of several values is as many
/// events.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// The column that says when. Days are all that is known of it; dates that are shifted are known as the days since
    /// the person's first one.
    pub time: Option<String>,
    /// What the adversary's memory of time is coarse to, in whole days; by default as fine as what is released.
    pub time_width: Option<u32>,
    /// The column that says what happened, in a table of one event per row.
    pub code: Option<String>,
    /// The columns of what was found.
    #[serde(default)]
    pub values: Vec<String>,
    /// Column, then what the adversary's memory of its numbers is coarse to; by default as fine as what is released.
    #[serde(default)]
    pub value_widths: BTreeMap<String, f64>,
}

impl EventRule {
    /// Every column that is named.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.time.iter().chain(&self.code).chain(&self.values).map(String::as_str)
    }
}
