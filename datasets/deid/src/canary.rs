//! The canary: raw identifiers are looked for in what is about to be released.

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use std::collections::HashSet;

/// Shorter identifiers are too likely to equal a harmless value.
const LENGTH_MIN: usize = 4;

/// The raw identifiers of a release.
#[derive(Default)]
pub(crate) struct Canary(HashSet<String>);

impl Canary {
    /// Remembers an identifier.
    pub(crate) fn add(&mut self, id: &str) {
        let id = id.trim();
        if id.chars().count() >= LENGTH_MIN && !self.0.contains(id) {
            self.0.insert(id.to_owned());
        }
    }

    /// The first text column of which values equal an identifier, and how many do.
    pub(crate) fn find(&self, batch: &RecordBatch) -> Option<(String, u64)> {
        let schema = batch.schema();
        let count = |column: &ArrayRef| {
            let texts = column.as_string_opt::<i32>()?;
            let found =
                texts.iter().flatten().filter(|text| self.0.contains(text.trim())).fold(0, |count, _| count + 1);
            (found > 0).then_some(found)
        };
        schema
            .fields()
            .iter()
            .zip(batch.columns())
            .find_map(|(field, column)| count(column).map(|found| (field.name().clone(), found)))
    }
}
