//! `generator.toml` as it is written.

use crate::SynthError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// Must be true.
    #[serde(default)]
    pub(crate) simulated: bool,
    /// The table with one row per person.
    pub(crate) person: String,
    /// The tables.
    pub(crate) tables: BTreeMap<String, TableSpec>,
}

/// A table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TableSpec {
    /// How many rows a person has; one in the person table.
    pub(crate) rows: Option<RowsSpec>,
    /// Its columns. Those whose names begin with an underscore are drawn but not part of the table.
    pub(crate) columns: BTreeMap<String, ColumnSpec>,
}

/// How many rows a person has.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsSpec {
    /// One row for every combination: `[["day", 56], ["session", 2]]`.
    #[serde(default)]
    pub(crate) grid: Vec<(String, u32)>,
    /// Between these many rows, each count as likely.
    pub(crate) between: Option<(u32, u32)>,
    /// A column of the person table: the probability that a row is there.
    pub(crate) keep: Option<String>,
    /// A column by which a person's rows are put in order.
    pub(crate) order: Option<String>,
    /// Where these numbers come from.
    pub(crate) source: String,
}

/// A column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnSpec {
    /// Where its numbers come from.
    pub(crate) source: String,
    /// Share of rows in which it is missing.
    #[serde(default)]
    pub(crate) null_share: f64,
    /// How it is drawn.
    pub(crate) from: From,
}

/// A value as TOML writes it.
pub(crate) type Weighted = (toml::Value, f64);

/// How a column is drawn.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum From {
    /// An identifier of the person that looks like a released pseudonym.
    Pseudonym {},
    /// A column of the same person in the person table.
    Person {
        /// The column.
        column: String,
    },
    /// Always the same.
    Constant {
        /// The value.
        value: toml::Value,
    },
    /// One of some values by weight; by another column's value when `given` names one.
    Choice {
        /// Values and weights; those of unlisted cases too.
        #[serde(default)]
        values: Vec<Weighted>,
        /// The column it depends on.
        given: Option<String>,
        /// Values and weights for each value of that column.
        #[serde(default)]
        cases: BTreeMap<String, Vec<Weighted>>,
    },
    /// Every number between two as likely; whole numbers include both.
    Uniform {
        /// Smallest.
        low: f64,
        /// Largest.
        high: f64,
    },
    /// Normal, clipped to its bounds; log-normal when `log`, with mean and sd of the logarithm.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
        /// Whether the exponential is taken.
        #[serde(default)]
        log: bool,
        /// What is added to the mean.
        #[serde(default)]
        terms: Vec<Term>,
        /// Bounds and rounding.
        #[serde(default)]
        within: Within,
    },
    /// Weibull; its scale is multiplied by the exponential of the terms.
    Weibull {
        /// Scale.
        scale: f64,
        /// Shape.
        shape: f64,
        /// The logarithm of what the scale is multiplied by.
        #[serde(default)]
        terms: Vec<Term>,
        /// Bounds and rounding.
        #[serde(default)]
        within: Within,
    },
    /// A number plus terms, nothing random.
    Sum {
        /// The number.
        #[serde(default)]
        constant: f64,
        /// What is added.
        terms: Vec<Term>,
        /// Bounds and rounding.
        #[serde(default)]
        within: Within,
    },
    /// Another column times a random share.
    Fraction {
        /// The column.
        column: String,
        /// Smallest share.
        low: f64,
        /// Largest share.
        high: f64,
        /// Bounds and rounding.
        #[serde(default)]
        within: Within,
    },
    /// The position on an axis of the grid, from zero; with `between`, the axis is `row`.
    Grid {
        /// The axis.
        axis: String,
    },
    /// A value that is drawn anew for each step of an axis and remembers the step before: mean zero.
    Ar1 {
        /// The axis.
        axis: String,
        /// Standard deviation.
        sd: f64,
        /// Correlation with the step before.
        phi: f64,
    },
    /// A day between two, each as likely.
    Date {
        /// First.
        first: toml::value::Datetime,
        /// Last.
        last: toml::value::Datetime,
    },
    /// Another date plus a column of days, or plus days and minutes for a timestamp.
    After {
        /// The date.
        column: String,
        /// A column of days.
        days: String,
        /// A column of minutes since midnight, for timestamps.
        minutes: Option<String>,
        /// A zone's distance from UTC in minutes, for timestamps.
        #[serde(default)]
        utc_offset_minutes: i32,
    },
}

/// Part of a sum: a number column, centred and scaled, or a category's value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Term {
    /// The column.
    pub(crate) column: String,
    /// Factor of a number.
    #[serde(default)]
    pub(crate) times: f64,
    /// Taken from the number first.
    #[serde(default)]
    pub(crate) center: f64,
    /// What each category adds; others add nothing.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, f64>,
}

/// Bounds and rounding.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Within {
    /// Smallest.
    pub(crate) low: Option<f64>,
    /// Largest.
    pub(crate) high: Option<f64>,
    /// Rounded to a multiple of this.
    pub(crate) step: Option<f64>,
}

/// Reads the file.
pub(crate) fn parse(text: &str) -> Result<Spec, SynthError> {
    let spec: Spec = toml::from_str(text).map_err(|error| syntax(text, &error))?;
    if spec.simulated { Ok(spec) } else { Err(SynthError::NotLabelled) }
}

/// The program that a generator names, if it is not declared column by column.
pub(crate) fn program(text: &str) -> Result<Option<String>, SynthError> {
    #[derive(Deserialize)]
    struct Named {
        program: Option<String>,
    }
    let named: Named = toml::from_str(text).map_err(|error| syntax(text, &error))?;
    Ok(named.program)
}

/// What is wrong with a text, and in which line.
pub(crate) fn syntax(text: &str, error: &toml::de::Error) -> SynthError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
    SynthError::Syntax { line: before.matches('\n').count() + 1, message: error.message().to_owned() }
}
