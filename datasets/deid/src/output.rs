//! A released table on its way out: sorted so that the input's order is forgotten, then written.

use crate::error::CurateError;
use crate::stage::Deidentified;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use mudeung_core::name::Name;
use mudeung_engine::layout::FileStatistics;
use mudeung_engine::store::{VersionError, VersionWriter};
use mudeung_wire::manifest::ManifestFile;

/// Brings rows into their one order: person, then time, then every other column, so that neither the order of the
/// input nor the cut into batches shows. Holds the table in memory.
pub(crate) fn sorted(
    table: &str,
    schema: &SchemaRef,
    batches: &[Deidentified<RecordBatch>],
    first_keys: &[usize],
) -> Result<Deidentified<RecordBatch>, CurateError> {
    let failed = |error: arrow::error::ArrowError| internal(table, error);
    let whole = concat_batches(schema, batches.iter().map(Deidentified::get)).map_err(failed)?;
    let others = (0..whole.num_columns()).filter(|position| !first_keys.contains(position));
    let keys: Vec<ArrayRef> = first_keys
        .iter()
        .copied()
        .chain(others)
        .filter_map(|position| whole.columns().get(position).cloned())
        .collect();
    let keys: Vec<SortColumn> = keys.into_iter().map(|values| SortColumn { values, options: None }).collect();
    let order = lexsort_to_indices(&keys, None).map_err(failed)?;
    Ok(Deidentified::vouch(take_record_batch(&whole, &order).map_err(failed)?))
}

/// Writes a table. Takes only what went through a recipe, or was generated.
pub(crate) fn write(
    version: &VersionWriter,
    table: &Name,
    schema: &SchemaRef,
    statistics: FileStatistics,
    batches: impl Iterator<Item = Result<Deidentified<RecordBatch>, CurateError>>,
) -> Result<Vec<ManifestFile>, CurateError> {
    let mut writer = version.table(table, schema.clone(), statistics).map_err(failed)?;
    for batch in batches {
        writer.write(batch?.get()).map_err(|error| CurateError::Write(error.to_string()))?;
    }
    let files = writer.finish().map_err(|error| CurateError::Write(error.to_string()))?;
    Ok(version.manifest_files(table, &files))
}

/// Why a version could not be written.
pub(crate) fn failed(error: VersionError) -> CurateError {
    match error {
        VersionError::Exists { .. } => CurateError::Exists(error.to_string()),
        VersionError::Missing { .. }
        | VersionError::Manifest(_)
        | VersionError::Layout(_)
        | VersionError::Io { .. } => CurateError::Write(error.to_string()),
    }
}

/// A computation that should not fail.
pub(crate) fn internal(table: &str, error: impl std::fmt::Display) -> CurateError {
    CurateError::Internal { table: table.to_owned(), reason: error.to_string() }
}
