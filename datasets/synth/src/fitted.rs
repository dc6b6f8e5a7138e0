//! Twins as a generator: the models of a dataset's tables, held against the schemas that they shall make.

use crate::program::Program;
use crate::twin::{Model, TwinError, Twins};
use crate::{Amount, Rows, SynthError};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

#[cfg(test)]
mod tests;

/// The models of a dataset's tables.
#[derive(Debug)]
pub(crate) struct Fitted(Twins);

/// Batches in which a table of events has no row before it is said to have none.
const EMPTY_MAX: u32 = 64;

/// Batches of a twin's table.
type Batches<'m> = Box<dyn Iterator<Item = Result<RecordBatch, TwinError>> + Send + 'm>;

impl Fitted {
    /// Models, each of which must make exactly its table: the names, the types and whether there may be nulls.
    pub(crate) fn parse(text: &str, schemas: &[(String, SchemaRef)]) -> Result<Self, SynthError> {
        let twins = Twins::parse(text)?;
        let refuse =
            |table: &str, reason: &str| SynthError::Table { table: table.to_owned(), reason: reason.to_owned() };
        let tables = twins.tables();
        for (table, schema) in schemas {
            let (_, made) =
                tables.iter().find(|(known, _)| known == table).ok_or_else(|| refuse(table, "has no twin"))?;
            if made.fields() != schema.fields() {
                return Err(refuse(table, "has other columns or types than its twin"));
            }
        }
        match tables.iter().find(|(table, _)| !schemas.iter().any(|(known, _)| known == table)) {
            Some((stranger, _)) => Err(refuse(stranger, "has a twin and is not in the dataset")),
            None => Ok(Self(twins)),
        }
    }
}

impl Program for Fitted {
    fn tables(&self) -> Vec<(&str, &SchemaRef)> {
        self.0.tables()
    }

    fn generate(&self, table: &str, amount: Amount, seed: u64) -> Option<Rows<'_>> {
        let (table, _) = self.0.tables().into_iter().find(|(known, _)| *known == table)?;
        let (batches, limit): (Batches<'_>, u64) = match (&self.0, amount) {
            (Twins::Table { model, .. }, Amount::Persons(rows) | Amount::Rows(rows)) => {
                (whole(model, rows, seed), rows)
            }
            (Twins::Table { model, .. }, Amount::Range { first, persons }) => {
                (Box::new(from(whole(model, first.saturating_add(persons), seed), first)), u64::MAX)
            }
            (Twins::Cohort(model), amount) => {
                let (persons, limit) = match amount {
                    Amount::Persons(persons) => (0..persons, u64::MAX),
                    Amount::Range { first, persons } => (first..first.saturating_add(persons), u64::MAX),
                    Amount::Rows(rows) => (0..u64::MAX, rows),
                };
                (Box::new(model.rows(table, persons, seed)?), limit)
            }
        };
        Some(Rows(Box::new(Limited { table, batches, left: limit, empty: 0 })))
    }

    fn bundles(&self, _: std::ops::Range<u64>, _: u64) -> Option<Box<dyn Iterator<Item = String> + Send + '_>> {
        None
    }
}

/// All rows of a table that has no others beside it. A person is a row: what was fitted counts one for each.
fn whole(model: &Model, rows: u64, seed: u64) -> Batches<'_> {
    Box::new(model.rows(rows, seed))
}

/// Batches without some rows at their head.
fn from<'m>(
    batches: Batches<'m>,
    mut skipped: u64,
) -> impl Iterator<Item = Result<RecordBatch, TwinError>> + Send + 'm {
    batches.map(move |batch| {
        let batch = batch?;
        let dropped = usize::try_from(skipped).unwrap_or(usize::MAX).min(batch.num_rows());
        skipped -= u64::try_from(dropped).unwrap_or(0);
        Ok(batch.slice(dropped, batch.num_rows() - dropped))
    })
}

/// So many rows and no more.
struct Limited<'m> {
    table: &'m str,
    batches: Batches<'m>,
    left: u64,
    /// Batches without a row, one after the other.
    empty: u32,
}

impl Iterator for Limited<'_> {
    type Item = Result<RecordBatch, SynthError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let refuse = |reason: String| SynthError::Table { table: self.table.to_owned(), reason };
        let batch = match self.batches.next()? {
            Ok(batch) => batch.slice(0, usize::try_from(self.left).unwrap_or(usize::MAX).min(batch.num_rows())),
            Err(error) => return Some(Err(refuse(error.to_string()))),
        };
        self.empty = if batch.num_rows() == 0 { self.empty + 1 } else { 0 };
        if self.empty > EMPTY_MAX && self.left < u64::MAX {
            self.left = 0;
            return Some(Err(refuse("has hardly any rows, so that not so many can be drawn".to_owned())));
        }
        self.left -= u64::try_from(batch.num_rows()).unwrap_or(0);
        Some(Ok(batch))
    }
}
