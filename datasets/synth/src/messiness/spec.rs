//! `[messiness]` of a `generator.toml` as it is written. Every group of shares says where it comes from.

use crate::SynthError;
use crate::program::figure::Figure;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What shall go wrong, and how often. Shares are of rows, from zero to one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// Values that are left out.
    #[serde(default)]
    pub(crate) missing: Vec<Missing>,
    pub(crate) units: Option<Figure<Units>>,
    /// Rows that are there twice, by table.
    #[serde(default)]
    pub(crate) duplicates: BTreeMap<String, Figure<Duplicates>>,
    /// Values that were wrong at first, by table.
    #[serde(default)]
    pub(crate) corrections: BTreeMap<String, Figure<Corrections>>,
    pub(crate) notes: Option<Figure<Notes>>,
}

/// Values of a column that are missing: by chance, or more often where another column of the clean row says so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Missing {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) share: Figure<f64>,
    pub(crate) when: Option<When>,
}

/// On what a share depends: it replaces the other one where the column equals a text or lies above a number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    pub(crate) column: String,
    pub(crate) equals: Option<String>,
    pub(crate) above: Option<f64>,
    pub(crate) share: Figure<f64>,
}

/// Measured values of which number or unit is another's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Units {
    pub(crate) share: f64,
    /// Of these, how many have the other unit's number under the right unit; the rest has the right number under it.
    pub(crate) wrong_number: f64,
    pub(crate) conversions: Vec<Conversion>,
}

/// From one unit to the other, for some source codes: `value * factor + offset`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Conversion {
    pub(crate) codes: Vec<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) factor: f64,
    #[serde(default)]
    pub(crate) offset: f64,
    /// Decimals of the number that is written.
    pub(crate) decimals: i32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Duplicates {
    /// The same row once more.
    pub(crate) exact: f64,
    /// The same row under another number.
    pub(crate) near: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Corrections {
    pub(crate) share: f64,
    /// The right value comes so many days later, in a row of its own.
    pub(crate) days: (i32, i32),
}

/// Notes of visits, and what is planted in them.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notes {
    /// The share of visits with a note.
    pub(crate) share: f64,
    /// Identifiers, by the share of notes with each.
    pub(crate) name: f64,
    pub(crate) resident_number: f64,
    pub(crate) phone: f64,
    pub(crate) email: f64,
    /// False leaves the placeholder of each identifier: the clean note.
    pub(crate) planted: bool,
}

/// The file, of which the rest is the program's.
#[derive(Debug, Deserialize)]
struct File {
    messiness: Option<Spec>,
}

/// What the text says of messiness; `None` when it says nothing.
pub(crate) fn parse(text: &str) -> Result<Option<Spec>, SynthError> {
    let file: File = toml::from_str(text).map_err(|error| crate::spec::syntax(text, &error))?;
    Ok(file.messiness)
}
