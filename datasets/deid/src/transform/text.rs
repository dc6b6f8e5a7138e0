//! Categories: merged, renamed, or left out.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Replaces each category; those that are not listed become the default, or null; missing ones what is said for them.
pub(crate) fn map(
    column: &ArrayRef,
    values: &BTreeMap<String, String>,
    default: Option<&str>,
    missing: Option<&str>,
) -> Result<ArrayRef, ArrowError> {
    let texts = cast(column, &DataType::Utf8)?;
    let texts = texts
        .as_string_opt::<i32>()
        .ok_or_else(|| ArrowError::CastError(format!("{} is not a category", column.data_type())))?;
    let mapped = texts.iter().map(|value| match value {
        Some(value) => values.get(value).map(String::as_str).or(default),
        None => missing,
    });
    Ok(Arc::new(mapped.collect::<StringArray>()))
}
