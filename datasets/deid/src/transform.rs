//! What a recipe can do to a column, as types: which raw types it works on, what it makes of them, and how it is told
//! to the reader of the released table.

use mudeung_core::dataset::ColumnType;
use std::collections::BTreeMap;

mod apply;
mod date;
mod interval;
mod note;
mod number;
mod pseudonym;
mod rule;
mod search;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use apply::{RowContext, apply};
pub(crate) use date::{first_day, to_days as days_since_1970};
pub(crate) use number::map as map_numbers;
pub(crate) use pseudonym::{canonical, pseudonym_integer, pseudonym_text};
pub(crate) use rule::read_rule;
pub(crate) use search::{coarser, read_table};

pub use interval::{Classes, Form, Intervals};

/// What happens to a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Transform {
    /// The column is not released.
    Drop,
    /// The values stay as they are.
    Keep,
    /// The identifier becomes a keyed hash; equal identifiers of one domain stay equal.
    Pseudonym {
        /// Which identifiers it belongs to.
        domain: String,
        /// 63 bits as `int64` in place of 26 characters.
        integer: bool,
    },
    /// All dates of a person move by the same whole number of weeks.
    DateShift {
        /// Largest shift, in weeks.
        weeks: u32,
        /// What is cut off after the shift.
        part: Option<DatePart>,
    },
    /// Dates become the first day of their week, month, quarter or year.
    DateTruncate(DatePart),
    /// Numbers become classes.
    Generalise(Intervals),
    /// Numbers outside two bounds become the bound.
    Clamp(Bounds),
    /// Numbers become the nearest multiple of a step, ties to the even one.
    Round {
        /// The step.
        step: f64,
        /// Bounds that hold before rounding.
        bounds: Bounds,
    },
    /// Categories become other categories.
    Map {
        /// From value to value.
        values: BTreeMap<String, String>,
        /// What every other value becomes; without it they become null.
        default: Option<String>,
        /// What a missing value becomes; without it it stays null.
        missing: Option<String>,
    },
    /// One of these, each coarser than the one before: a search chooses when the data is there.
    Levels(Vec<Transform>),
    /// Every value becomes null.
    Suppress,
}

/// What a date keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatePart {
    /// The week, from Monday on.
    Week,
    /// Year and month.
    Month,
    /// Year and quarter.
    Quarter,
    /// The year.
    Year,
}

/// Bounds of a number; either may be open.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Everything below becomes this.
    pub bottom: Option<f64>,
    /// Everything above becomes this.
    pub top: Option<f64>,
}

impl Bounds {
    /// The value within the bounds.
    pub fn clamp(self, value: f64) -> f64 {
        let raised = self.bottom.map_or(value, |bottom| value.max(bottom));
        self.top.map_or(raised, |top| raised.min(top))
    }
}

impl Transform {
    /// The released type for a raw type; `None` when the transform does not work on it.
    pub fn released(&self, raw: ColumnType) -> Option<ColumnType> {
        use ColumnType::{Boolean, Date, Float64, Int32, Int64, Text, Timestamp};
        match (self, raw) {
            (Self::Drop | Self::Keep | Self::Suppress, kind) => Some(kind),
            (Self::Levels(levels), kind) => {
                // Whatever is chosen, the column is of one type.
                let mut kinds = levels.iter().filter(|level| **level != Self::Suppress).map(|l| l.released(kind));
                let first = kinds.next().unwrap_or(Some(kind))?;
                kinds.all(|other| other == Some(first)).then_some(first)
            }
            (Self::Pseudonym { integer, .. }, Int32 | Int64 | Text) => Some(if *integer { Int64 } else { Text }),
            (Self::DateShift { .. } | Self::DateTruncate(_), Date | Timestamp) => Some(raw),
            (Self::Generalise(intervals), Int32 | Int64 | Float64) => match intervals.form {
                Form::Label => Some(Text),
                Form::Lower => Some(raw),
            },
            (Self::Clamp(_) | Self::Round { .. }, Int32 | Int64 | Float64) => Some(raw),
            (Self::Map { .. }, Text | Int32 | Int64 | Boolean) => Some(Text),
            (
                Self::Pseudonym { .. }
                | Self::DateShift { .. }
                | Self::DateTruncate(_)
                | Self::Generalise(_)
                | Self::Clamp(_)
                | Self::Round { .. }
                | Self::Map { .. },
                _,
            ) => None,
        }
    }

    /// Whether the released column may be null, when the raw one may or may not.
    pub fn released_nullable(&self, raw: bool) -> bool {
        match self {
            Self::Map { default, missing, .. } => default.is_none() || (raw && missing.is_none()),
            Self::Levels(levels) => raw || levels.contains(&Self::Suppress),
            Self::Suppress => true,
            Self::Drop
            | Self::Keep
            | Self::Pseudonym { .. }
            | Self::DateShift { .. }
            | Self::DateTruncate(_)
            | Self::Generalise(_)
            | Self::Clamp(_)
            | Self::Round { .. } => raw,
        }
    }
}
