//! Numbers: classes, bounds and rounding. Integers are exact up to 2^53.

use super::Intervals;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Float64Type};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Applies a function to each number and gives the column its type back.
pub(crate) fn map(column: &ArrayRef, function: impl Fn(f64) -> f64) -> Result<ArrayRef, ArrowError> {
    let floats: ArrayRef = Arc::new(floats(column)?.unary::<_, Float64Type>(function));
    cast_with_options(&floats, column.data_type(), &exact())
}

/// The class of each number as text.
pub(crate) fn labels(column: &ArrayRef, intervals: &Intervals) -> Result<ArrayRef, ArrowError> {
    let floats = floats(column)?;
    Ok(Arc::new(floats.iter().map(|value| value.map(|value| intervals.label(value))).collect::<StringArray>()))
}

/// The nearest multiple of a step, ties to the even one. Steps like 0.1 divide by their inverse, so that the result is
/// the decimal number closest to it.
pub(crate) fn round_to(value: f64, step: f64) -> f64 {
    let inverse = (1.0 / step).round();
    if step < 1.0 && (inverse * step - 1.0).abs() < 1e-9 {
        (value * inverse).round_ties_even() / inverse
    } else {
        (value / step).round_ties_even() * step
    }
}

fn floats(column: &ArrayRef) -> Result<Float64Array, ArrowError> {
    let cast = cast_with_options(column, &DataType::Float64, &exact())?;
    cast.as_primitive_opt::<Float64Type>()
        .cloned()
        .ok_or_else(|| ArrowError::CastError(format!("{} is not a number", column.data_type())))
}

fn exact() -> CastOptions<'static> {
    CastOptions { safe: false, ..CastOptions::default() }
}
