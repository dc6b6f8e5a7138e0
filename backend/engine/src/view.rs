//! Virtual Parquet files: some columns of a stored file as a Parquet file of its own.
//!
//! The chunks of the granted columns are used byte for byte; only the footer is new. Everything the footer says is
//! copied by name from the granted columns, so that nothing else of the stored file can come along: no names, sizes,
//! statistics or key-value metadata of other columns, no bloom filters.

use crate::number::{to_u64, to_usize};
use crate::stored::{MAGIC, StoredFile};
use bytes::Bytes;
use mudeung_core::reader::ReadError;
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, OffsetIndexBuilder, ParquetMetaData, ParquetMetaDataBuilder,
    ParquetMetaDataWriter, RowGroupMetaData, SortingColumn,
};
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::file::writer::TrackedWrite;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// A part of a view.
pub(crate) enum Part {
    /// Bytes that no stored file has.
    Made(Bytes),
    /// Bytes of the stored file.
    Stored(Range<u64>),
}

/// The parts of the virtual file that shows these columns, in file order.
pub(crate) fn lay_out(file: &StoredFile, columns: &[String]) -> Result<Vec<Part>, ReadError> {
    let metadata = file.metadata_of_any()?.metadata();
    let odd = |problem: String| file.damaged(problem);
    let positions = positions(metadata, columns).map_err(odd)?;
    let chunks = chunk_ranges(file, metadata)?;
    let mut plan = Plan::new(metadata, &positions).map_err(|problem| file.damaged(problem))?;
    for (group, ranges) in metadata.row_groups().iter().zip(&chunks) {
        plan.add_row_group(group, ranges).map_err(|problem| file.damaged(problem))?;
    }
    let (ranges, data_bytes) = (std::mem::take(&mut plan.ranges), plan.data_bytes);
    let footer = write_footer(&plan.finish(), data_bytes).map_err(|problem| file.damaged(problem))?;
    let mut parts = vec![Part::Made(Bytes::from_static(MAGIC))];
    parts.extend(ranges.into_iter().map(Part::Stored));
    parts.push(Part::Made(footer));
    Ok(parts)
}

/// Where the chunks of the columns stand in the file, ascending: one for a flat column, one for each leaf of a nested one.
fn positions(metadata: &ParquetMetaData, columns: &[String]) -> Result<Vec<usize>, String> {
    let schema = metadata.file_metadata().schema_descr();
    let mut positions = Vec::with_capacity(columns.len());
    for column in columns {
        let before = positions.len();
        positions.extend((0..schema.num_columns()).filter(|leaf| schema.get_column_root(*leaf).name() == column));
        if positions.len() == before {
            return Err(format!("column `{column}` of its manifest is not in it"));
        }
    }
    positions.sort_unstable();
    positions.dedup();
    if positions.is_empty() { Err("no column of it is granted".to_owned()) } else { Ok(positions) }
}

/// The byte ranges of all chunks by row group and column, checked: inside the data and without overlaps, so that a
/// damaged footer cannot pass off one column's bytes as another's.
fn chunk_ranges(file: &StoredFile, metadata: &ParquetMetaData) -> Result<Vec<Vec<Range<u64>>>, ReadError> {
    let data_end = file.source.len_bytes().saturating_sub(file.footer_bytes);
    let range = |chunk: &ColumnChunkMetaData| {
        let dictionary = chunk.dictionary_page_offset().filter(|at| *at > 0);
        // A chunk without values may have no data page at all, and no place for one.
        let data = Some(chunk.data_page_offset()).filter(|at| *at > 0 || chunk.num_values() > 0);
        let start = u64::try_from(dictionary.or(data).unwrap_or(4)).ok()?;
        let end = start.checked_add(u64::try_from(chunk.compressed_size()).ok()?)?;
        let inside = |at: i64| u64::try_from(at).is_ok_and(|at| (start..=end).contains(&at));
        let sound = chunk.file_path().is_none() && start >= 4 && end <= data_end && data.is_none_or(inside);
        sound.then_some(start..end)
    };
    let ranges: Option<Vec<Vec<_>>> =
        metadata.row_groups().iter().map(|group| group.columns().iter().map(range).collect()).collect();
    let ranges = ranges.ok_or_else(|| file.damaged("a column chunk lies outside the file"))?;
    let mut sorted: Vec<&Range<u64>> = ranges.iter().flatten().filter(|range| !range.is_empty()).collect();
    sorted.sort_unstable_by_key(|range| range.start);
    if sorted.array_windows().any(|[before, after]| before.end > after.start) {
        return Err(file.damaged("column chunks overlap"));
    }
    Ok(ranges)
}

/// The new footer while it grows, and the stored ranges it stands for.
struct Plan<'a> {
    source: &'a ParquetMetaData,
    positions: &'a [usize],
    schema: SchemaDescPtr,
    /// Statistics mean nothing in files that do not say how values are ordered.
    keep_statistics: bool,
    groups: Vec<RowGroupMetaData>,
    offset_indexes: Option<Vec<Vec<OffsetIndexMetaData>>>,
    ranges: Vec<Range<u64>>,
    /// Bytes of the virtual file so far, with its leading magic.
    data_bytes: u64,
}

impl<'a> Plan<'a> {
    fn new(source: &'a ParquetMetaData, positions: &'a [usize]) -> Result<Self, ParquetError> {
        let stored = source.file_metadata().schema_descr();
        let mut roots: Vec<usize> = positions.iter().map(|leaf| stored.get_column_root_idx(*leaf)).collect();
        roots.dedup();
        let fields = stored.root_schema().get_fields();
        let fields = roots.iter().filter_map(|root| fields.get(*root).cloned()).collect();
        let root = Type::group_type_builder("schema").with_fields(fields).build()?;
        Ok(Self {
            source,
            positions,
            schema: Arc::new(SchemaDescriptor::new(Arc::new(root))),
            keep_statistics: source.file_metadata().column_orders().is_some(),
            groups: Vec::new(),
            offset_indexes: source.offset_index().map(|_| Vec::new()),
            ranges: Vec::new(),
            data_bytes: to_u64(MAGIC.len()),
        })
    }

    fn add_row_group(&mut self, group: &RowGroupMetaData, ranges: &[Range<u64>]) -> Result<(), ParquetError> {
        let number = self.groups.len();
        let start = signed(self.data_bytes)?;
        let (mut columns, mut offsets, mut total) = (Vec::new(), Vec::new(), 0_i64);
        for (to, from) in self.positions.iter().enumerate() {
            let (Some(chunk), Some(range)) = (group.columns().get(*from), ranges.get(*from)) else {
                return Err(ParquetError::General("a row group has too few columns".to_owned()));
            };
            let shift = signed(self.data_bytes)? - signed(range.start)?;
            columns.push(self.move_chunk(chunk, to, shift)?);
            offsets.push(self.move_offset_index(number, *from, range, shift));
            total = total.saturating_add(chunk.uncompressed_size());
            self.add_range(range.clone());
        }
        match (self.offset_indexes.as_mut(), offsets.into_iter().collect()) {
            (Some(indexes), Some(offsets)) => indexes.push(offsets),
            // An index for some pages only cannot be written; readers do without.
            _ => self.offset_indexes = None,
        }
        let mut moved = RowGroupMetaData::builder(self.schema.clone())
            .set_num_rows(group.num_rows())
            .set_total_byte_size(total)
            .set_file_offset(start)
            .set_column_metadata(columns)
            .set_sorting_columns(self.move_sorting(group.sorting_columns()));
        if let Ok(ordinal) = i16::try_from(number) {
            moved = moved.set_ordinal(ordinal);
        }
        self.groups.push(moved.build()?);
        Ok(())
    }

    fn add_range(&mut self, range: Range<u64>) {
        self.data_bytes += range.end - range.start;
        match self.ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.ranges.push(range),
        }
    }

    fn move_chunk(
        &self,
        chunk: &ColumnChunkMetaData,
        to: usize,
        shift: i64,
    ) -> Result<ColumnChunkMetaData, ParquetError> {
        let mut moved = ColumnChunkMetaData::builder(self.schema.column(to))
            .set_encodings_mask(*chunk.encodings_mask())
            .set_num_values(chunk.num_values())
            .set_compression_codec(chunk.compression_codec())
            .set_total_compressed_size(chunk.compressed_size())
            .set_total_uncompressed_size(chunk.uncompressed_size())
            .set_data_page_offset(match chunk.data_page_offset() {
                0 => 0,
                at => at + shift,
            })
            .set_dictionary_page_offset(chunk.dictionary_page_offset().filter(|at| *at > 0).map(|at| at + shift));
        if let Some(statistics) = chunk.statistics().filter(|_| self.keep_statistics) {
            moved = moved.set_statistics(statistics.clone());
        }
        moved.build()
    }

    /// The page locations of a chunk at its new place; `None` when there are none or they leave the chunk.
    fn move_offset_index(
        &self,
        group: usize,
        column: usize,
        chunk: &Range<u64>,
        shift: i64,
    ) -> Option<OffsetIndexMetaData> {
        let index = self.source.offset_index()?.get(group)?.get(column)?;
        let rows = self.source.row_groups().get(group)?.num_rows();
        let mut moved = OffsetIndexBuilder::new();
        let mut pages = index.page_locations().iter().peekable();
        while let Some(page) = pages.next() {
            let start = u64::try_from(page.offset).ok()?;
            let end = start.checked_add(u64::try_from(page.compressed_page_size).ok()?)?;
            if start < chunk.start || end > chunk.end {
                return None;
            }
            let next_row = pages.peek().map_or(rows, |next| next.first_row_index);
            moved.append_offset_and_size(page.offset + shift, page.compressed_page_size);
            moved.append_row_count(next_row.checked_sub(page.first_row_index).filter(|count| *count >= 0)?);
        }
        Some(moved.build())
    }

    /// The order that is left: rows sorted by (a, b, c) are sorted by (a), but not by (a, c), once b is gone.
    fn move_sorting(&self, sorting: Option<&Vec<SortingColumn>>) -> Option<Vec<SortingColumn>> {
        let place = |sorted: &SortingColumn| {
            let from = usize::try_from(sorted.column_idx).ok()?;
            let to = self.positions.binary_search(&from).ok()?;
            Some(SortingColumn { column_idx: i32::try_from(to).ok()?, ..*sorted })
        };
        Some(sorting?.iter().map_while(place).collect()).filter(|kept: &Vec<_>| !kept.is_empty())
    }

    fn finish(self) -> ParquetMetaData {
        let source = self.source.file_metadata();
        let rows = self.groups.iter().map(RowGroupMetaData::num_rows).sum();
        let file = FileMetaData::new(
            source.version(),
            rows,
            source.created_by().map(ToOwned::to_owned),
            None,
            self.schema.clone(),
            None,
        );
        let column_indexes = self.offset_indexes.as_ref().filter(|_| self.keep_statistics).and_then(|_| {
            let pick = |group: &Vec<_>| self.positions.iter().map(|at| group.get(*at).cloned()).collect();
            self.source.column_index()?.iter().map(pick).collect::<Option<Vec<Vec<_>>>>()
        });
        ParquetMetaDataBuilder::new(file)
            .set_row_groups(self.groups)
            .set_column_index(column_indexes)
            .set_offset_index(self.offset_indexes)
            .build()
    }
}

/// The footer with page indexes, written as if `data_bytes` of data stood before it.
fn write_footer(metadata: &ParquetMetaData, data_bytes: u64) -> Result<Bytes, ParquetError> {
    static BLANK: [u8; 64 * 1024] = [0; 64 * 1024];
    let mut tail = Tail { skip: data_bytes, kept: Vec::new() };
    let mut tracked = TrackedWrite::new(&mut tail);
    let mut left = to_usize(data_bytes);
    while left > 0 {
        let step = left.min(BLANK.len());
        tracked.write_all(BLANK.get(..step).unwrap_or_default())?;
        left -= step;
    }
    tracked.flush()?;
    ParquetMetaDataWriter::new_with_tracked(tracked, metadata).finish()?;
    Ok(Bytes::from(tail.kept))
}

/// Keeps only what is written after the first `skip` bytes.
struct Tail {
    skip: u64,
    kept: Vec<u8>,
}

impl Write for Tail {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let skipped = to_usize(self.skip).min(buffer.len());
        self.skip -= to_u64(skipped);
        self.kept.extend_from_slice(buffer.get(skipped..).unwrap_or_default());
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn signed(position: u64) -> Result<i64, ParquetError> {
    i64::try_from(position)
        .map_err(|_problem| ParquetError::General("a position does not fit a Parquet file".to_owned()))
}
