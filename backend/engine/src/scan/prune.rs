//! Which row groups of a file, and which pages in them, a filter leaves to be read.

use crate::number::to_usize;
use crate::predicate::{Condition, Predicate, Statistics};
use crate::stored::StoredFile;
use arrow::datatypes::Field;
use mudeung_core::filter::Filter;
use mudeung_core::reader::ReadError;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use std::ops::Range;

/// A row group to read.
pub(super) struct Group {
    /// Its position in the file.
    pub(super) number: usize,
    /// The rows that are left when pages are ruled out; `None` for all.
    pub(super) selection: Option<RowSelection>,
}

/// The row groups of a range that may hold a row that passes.
pub(super) fn groups(
    file: &StoredFile,
    predicate: Option<&Predicate>,
    range: Range<usize>,
) -> Result<Vec<Group>, ReadError> {
    let metadata = file.metadata()?;
    let range = range.start..range.end.min(metadata.metadata().num_row_groups());
    let Some(predicate) = predicate else {
        return Ok(range.map(|number| Group { number, selection: None }).collect());
    };
    let mut groups = Vec::new();
    for number in range {
        let Some(group) = metadata.metadata().row_groups().get(number) else { break };
        if may_pass(metadata, predicate, group).map_err(|problem| file.damaged(problem))? {
            let selection = pages(metadata, predicate, number, group).map_err(|problem| file.damaged(problem))?;
            if selection.as_ref().is_none_or(RowSelection::selects_any) {
                groups.push(Group { number, selection });
            }
        }
    }
    Ok(groups)
}

/// Whether the file may hold a row that passes one of the filters.
pub(crate) fn may_hold(file: &StoredFile, filters: &[Filter]) -> Result<bool, ReadError> {
    let metadata = file.metadata()?;
    for filter in filters {
        // A filter that does not fit the table rules nothing out.
        let Ok(predicate) = Predicate::compile(filter, metadata.schema()) else { return Ok(true) };
        for group in metadata.metadata().row_groups() {
            if may_pass(metadata, &predicate, group).map_err(|problem| file.damaged(problem))? {
                return Ok(true);
            }
        }
    }
    Ok(false)
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
        let kept = kept.map(|([from, to], _)| to_usize(*from)..to_usize(*to));
        let rows = bounds.last().copied().map_or(0, to_usize);
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
