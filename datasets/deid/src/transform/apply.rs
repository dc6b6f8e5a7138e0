//! A recipe's transforms on Arrow columns.

use super::{Transform, date, number, pseudonym, text};
use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::cast;
use arrow::error::ArrowError;
use mudeung_core::dataset::ColumnType;
use mudeung_engine::layout::arrow_type;

/// What the rows of a batch need from elsewhere: each row's person.
pub(crate) struct RowContext<'a> {
    /// Keys of the release.
    pub(crate) keys: &'a crate::key::ProjectKeys,
    /// Raw identifier of each row's person, as text.
    pub(crate) persons: &'a [&'a str],
}

/// Applies a transform to a column; the transform works on the column's type, as the plan has checked.
pub(crate) fn apply(
    transform: &Transform,
    released: ColumnType,
    column: &ArrayRef,
    rows: &RowContext<'_>,
) -> Result<ArrayRef, ArrowError> {
    match transform {
        Transform::Drop | Transform::Keep => Ok(column.clone()),
        Transform::Suppress => Ok(new_null_array(&arrow_type(released), column.len())),
        Transform::Levels(_) => Err(ArrowError::ComputeError("no level was chosen".to_owned())),
        Transform::Pseudonym { domain, integer } => pseudonym::apply(column, rows.keys, domain, *integer),
        Transform::DateShift { weeks, part } => {
            let shifted = date::shift(column, &date::offsets(rows, *weeks))?;
            part.map_or(Ok(shifted.clone()), |part| date::truncate(&shifted, part))
        }
        Transform::DateTruncate(part) => date::truncate(column, *part),
        Transform::Generalise(intervals) => match released {
            ColumnType::Text => number::labels(column, intervals),
            _ => number::map(column, |value| intervals.lower(value)),
        },
        Transform::Clamp(bounds) => number::map(column, |value| bounds.clamp(value)),
        Transform::Round { step, bounds } => number::map(column, |value| number::round_to(bounds.clamp(value), *step)),
        Transform::Map { values, default, missing } => {
            text::map(column, values, default.as_deref(), missing.as_deref())
        }
    }
    .and_then(|column| cast(&column, &arrow_type(released)))
}
