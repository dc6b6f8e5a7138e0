//! Twins as a generator: the models of a dataset's tables, held against the schemas that they shall make.

use crate::program::Program;
use crate::twin::{Model, parse_twins};
use crate::{Amount, Rows, SynthError};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// The models of a dataset's tables.
#[derive(Debug)]
pub(crate) struct Fitted(BTreeMap<String, Model>);

impl Fitted {
    pub(crate) fn parse(text: &str, schemas: &[(String, SchemaRef)]) -> Result<Self, SynthError> {
        bind(parse_twins(text)?, schemas).map(Self)
    }
}

impl Program for Fitted {
    fn tables(&self) -> Vec<(&str, &SchemaRef)> {
        self.0.iter().map(|(table, model)| (table.as_str(), model.domain().schema())).collect()
    }

    fn generate(&self, table: &str, amount: Amount, seed: u64) -> Option<Rows<'_>> {
        let (table, model) = self.0.get_key_value(table)?;
        Some(Rows(Box::new(rows(table, model, amount, seed))))
    }

    fn bundles(&self, _: std::ops::Range<u64>, _: u64) -> Option<Box<dyn Iterator<Item = String> + Send + '_>> {
        None
    }
}

/// The models, each of which must make exactly its table: the names, the types and whether there may be nulls.
fn bind(
    models: BTreeMap<String, Model>,
    schemas: &[(String, SchemaRef)],
) -> Result<BTreeMap<String, Model>, SynthError> {
    let refuse = |table: &str, reason: &str| SynthError::Table { table: table.to_owned(), reason: reason.to_owned() };
    for (table, schema) in schemas {
        let model = models.get(table).ok_or_else(|| refuse(table, "has no twin"))?;
        if model.domain().schema().fields() != schema.fields() {
            return Err(refuse(table, "has other columns or types than its twin"));
        }
    }
    match models.keys().find(|table| !schemas.iter().any(|(known, _)| known == *table)) {
        Some(stranger) => Err(refuse(stranger, "has a twin and is not in the dataset")),
        None => Ok(models),
    }
}

/// Rows of a twin. A person is a row: what was fitted counts one for each.
fn rows<'m>(
    table: &'m str,
    model: &'m Model,
    amount: Amount,
    seed: u64,
) -> impl Iterator<Item = Result<RecordBatch, SynthError>> + Send + use<'m> {
    let (mut skipped, rows) = match amount {
        Amount::Persons(rows) | Amount::Rows(rows) => (0, rows),
        Amount::Range { first, persons } => (first, first.saturating_add(persons)),
    };
    model.rows(rows, seed).map(move |batch| {
        let batch = batch.map_err(|error| SynthError::Table { table: table.to_owned(), reason: error.to_string() })?;
        let dropped = usize::try_from(skipped).unwrap_or(usize::MAX).min(batch.num_rows());
        skipped -= u64::try_from(dropped).unwrap_or(0);
        Ok(batch.slice(dropped, batch.num_rows() - dropped))
    })
}
