//! One batch of raw rows through a recipe: rows of persons who are left out go first, then column by column.

use crate::definition::TablePlan;
use crate::error::CurateError;
use crate::key::ProjectKeys;
use crate::output::internal;
use crate::persons::{Fate, Persons};
use crate::stage::{Deidentified, Identified};
use crate::transform::{RowContext, Transform, apply, canonical};
use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;

/// What became of a table's rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// Rows that came in.
    pub(super) rows: u64,
    /// Rows of suppressed persons.
    pub(super) suppressed: u64,
    /// Rows whose person is not in the person table.
    pub(super) unknown: u64,
    /// Rows of persons who withdrew.
    pub(super) withdrawn: u64,
}

/// Applies the recipe to a batch.
pub(super) fn deidentify(
    table: &TablePlan,
    schema: &SchemaRef,
    batch: &Identified<RecordBatch>,
    keys: &ProjectKeys,
    persons: &Persons,
    tally: &mut Tally,
) -> Result<Deidentified<RecordBatch>, CurateError> {
    let failed = |error: arrow::error::ArrowError| internal(&table.spec.name, error);
    let ids = canonical(person_column(table, batch.raw())?).map_err(failed)?;
    let kept = keep(&ids, persons, tally);
    transform(table, schema, &filter_record_batch(batch.raw(), &kept).map_err(failed)?, keys)
}

/// Applies the rules of the columns to every row. What becomes of a row depends on that row and the keys alone.
pub(crate) fn transform(
    table: &TablePlan,
    schema: &SchemaRef,
    raw: &RecordBatch,
    keys: &ProjectKeys,
) -> Result<Deidentified<RecordBatch>, CurateError> {
    let failed = |error: arrow::error::ArrowError| internal(&table.spec.name, error);
    let ids = canonical(person_column(table, raw)?).map_err(failed)?;
    let ids: Vec<&str> = ids.iter().map(Option::unwrap_or_default).collect();
    let context = RowContext { keys, persons: &ids };
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for column in table.columns.iter().filter(|column| column.transform != Transform::Drop) {
        let values = raw
            .column_by_name(&column.spec.name)
            .ok_or_else(|| internal(&table.spec.name, format!("column {} was not read", column.spec.name)))?;
        columns.push(apply(&column.transform, column.released, values, &context).map_err(failed)?);
    }
    Ok(Deidentified::vouch(RecordBatch::try_new(schema.clone(), columns).map_err(failed)?))
}

/// The column that names the person.
pub(crate) fn person_column<'a>(table: &TablePlan, raw: &'a RecordBatch) -> Result<&'a ArrayRef, CurateError> {
    table
        .columns
        .get(table.person_column)
        .and_then(|column| raw.column_by_name(&column.spec.name))
        .ok_or_else(|| internal(&table.spec.name, "the column that names the person was not read"))
}

/// Which rows stay; rows of one person that follow each other are looked up once.
fn keep(ids: &StringArray, persons: &Persons, tally: &mut Tally) -> BooleanArray {
    let mut last: Option<(&str, Fate)> = None;
    let decide = |id: Option<&'_ str>| id.map_or(Fate::Unknown, |id| persons.fate(id));
    let mut kept = Vec::with_capacity(ids.len());
    for id in ids.iter() {
        let fate = match (last, id) {
            (Some((same, fate)), Some(id)) if same == id => fate,
            _ => decide(id),
        };
        last = id.map(|id| (id, fate));
        tally.rows += 1;
        match fate {
            Fate::Kept => {}
            Fate::Suppressed => tally.suppressed += 1,
            Fate::Unknown => tally.unknown += 1,
            Fate::Withdrawn => tally.withdrawn += 1,
        }
        kept.push(fate == Fate::Kept);
    }
    BooleanArray::from(kept)
}
