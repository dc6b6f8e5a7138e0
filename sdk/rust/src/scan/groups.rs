//! Which row groups of a file, and which pages in them, a filter leaves to be fetched.

use super::predicate::{Condition, Predicate, Statistics};
use arrow::datatypes::Field;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;

/// A row group to read.
pub(super) struct Group {
    /// Its position in the file.
    pub(super) number: usize,
    /// The rows that are left when pages are ruled out; `None` for all.
    pub(super) selection: Option<RowSelection>,
}

/// The row groups that may hold a row that passes.
pub(super) fn groups(
    metadata: &ArrowReaderMetadata,
    predicate: Option<&Predicate>,
) -> Result<Vec<Group>, ParquetError> {
    let mut groups = Vec::new();
    for (number, group) in metadata.metadata().row_groups().iter().enumerate() {
        let Some(predicate) = predicate else {
            groups.push(Group { number, selection: None });
            continue;
        };
        if may_pass(metadata, predicate, group)? {
            let selection = pages(metadata, predicate, number, group)?;
            if selection.as_ref().is_none_or(RowSelection::selects_any) {
                groups.push(Group { number, selection });
            }
        }
    }
    Ok(groups)
}

fn may_pass(
    metadata: &ArrowReaderMetadata,
    predicate: &Predicate,
    group: &RowGroupMetaData,
) -> Result<bool, ParquetError> {
    for condition in &predicate.conditions {
        let Some((_, converter)) = converter(metadata, condition)? else { continue };
        let known = Statistics {
            mins: converter.row_group_mins([group])?,
            maxes: converter.row_group_maxes([group])?,
            nulls: converter.row_group_null_counts([group])?,
            rows: vec![u64::try_from(group.num_rows()).unwrap_or(u64::MAX)],
        };
        if !condition.may_pass(&known).into_iter().all(|may| may) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The rows of the pages that are left; `None` when nothing is known of pages.
fn pages(
    metadata: &ArrowReaderMetadata,
    predicate: &Predicate,
    number: usize,
    group: &RowGroupMetaData,
) -> Result<Option<RowSelection>, ParquetError> {
    let (Some(columns), Some(offsets)) = (metadata.metadata().column_index(), metadata.metadata().offset_index())
    else {
        return Ok(None);
    };
    let mut selection: Option<RowSelection> = None;
    for condition in &predicate.conditions {
        let Some((_, converter)) = converter(metadata, condition)? else { continue };
        let Some(pages) = offsets.get(number).and_then(|group| group.get(condition.column)) else { continue };
        let starts = pages.page_locations().iter().map(|page| u64::try_from(page.first_row_index).unwrap_or(0));
        let mut bounds: Vec<u64> = starts.collect();
        bounds.push(u64::try_from(group.num_rows()).unwrap_or(0));
        if !bounds.is_sorted() || bounds.first() != Some(&0) {
            continue;
        }
        let numbers = [number];
        let known = Statistics {
            mins: converter.data_page_mins(columns, offsets, &numbers)?,
            maxes: converter.data_page_maxes(columns, offsets, &numbers)?,
            nulls: converter.data_page_null_counts(columns, offsets, &numbers)?,
            rows: bounds.array_windows().map(|[from, to]| to - from).collect(),
        };
        let may = condition.may_pass(&known);
        if may.len() + 1 != bounds.len() {
            continue;
        }
        let kept = bounds.array_windows().zip(may).filter(|(_, may)| *may);
        let kept = kept.map(|([from, to], _)| size(*from)..size(*to));
        let rows = bounds.last().copied().map_or(0, size);
        let these = RowSelection::from_consecutive_ranges(kept, rows);
        selection = Some(selection.map_or_else(|| these.clone(), |so_far| so_far.intersection(&these)));
    }
    Ok(selection)
}

/// Reads the statistics of a condition's column; `None` for columns whose statistics say nothing.
fn converter<'m>(
    metadata: &'m ArrowReaderMetadata,
    condition: &Condition,
) -> Result<Option<(&'m Field, StatisticsConverter<'m>)>, ParquetError> {
    // Without a stated order of values, smallest and largest mean nothing.
    if metadata.metadata().file_metadata().column_orders().is_none() {
        return Ok(None);
    }
    let Some(field) = metadata.schema().fields().get(condition.column) else { return Ok(None) };
    let converter = StatisticsConverter::from_column_index(condition.column, field, metadata.parquet_schema())?
        .with_missing_null_counts_as_zero(false);
    Ok(Some((field, converter)))
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
