//! A column as codes: each distinct value once, in the order in which values come.

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::compute::{concat, take};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::collections::HashMap;

/// The values of a column and the code of each row. Missing is a value of its own.
#[derive(Default)]
pub(super) struct Coded {
    numbers: HashMap<Option<String>, u32>,
    firsts: Vec<ArrayRef>,
    /// The code of each row.
    pub(super) codes: Vec<u32>,
}

impl Coded {
    /// Adds a batch.
    pub(super) fn add(&mut self, column: &ArrayRef) -> Result<(), ArrowError> {
        let mut new = Vec::new();
        for (row, name) in (0_u64..).zip(names(column)?) {
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            let code = *self.numbers.entry(name).or_insert(next);
            if code == next {
                new.push(row);
            }
            self.codes.push(code);
        }
        self.firsts.push(take(column, &UInt64Array::from(new), None)?);
        Ok(())
    }

    /// Each value, in the order of the codes.
    pub(super) fn values(&self) -> Result<ArrayRef, ArrowError> {
        concat(&self.firsts.iter().map(AsRef::as_ref).collect::<Vec<&dyn Array>>())
    }
}

/// The values as texts.
pub(super) fn names(column: &ArrayRef) -> Result<Vec<Option<String>>, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    Ok((0..column.len()).map(|row| column.is_valid(row).then(|| formatter.value(row).to_string())).collect())
}

/// A number for each distinct value of a column.
pub(super) fn numbered(column: &ArrayRef) -> Result<Vec<u32>, ArrowError> {
    let mut coded = Coded::default();
    coded.add(column)?;
    Ok(coded.codes)
}
