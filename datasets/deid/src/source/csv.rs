//! Text files with a header, separated by commas, tabs or another character.

use super::builder::{ColumnBuilder, Misfit};
use super::{BATCH_ROWS, check_header};
use crate::definition::{ColumnPlan, TableSpec};
use crate::error::{CurateError, InputError};
use crate::stage::Identified;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use csv::{ByteRecord, Reader, ReaderBuilder};
use mudeung_engine::layout::arrow_type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Batches of a text file.
pub(super) struct CsvBatches<'a> {
    reader: Reader<File>,
    file: &'a str,
    nulls: &'a [String],
    header: Vec<String>,
    columns: Vec<&'a ColumnPlan>,
    /// Position in the file of each wanted column.
    positions: Vec<usize>,
    schema: SchemaRef,
    row: u64,
    done: bool,
}

/// Opens a file and checks its header.
pub(super) fn read<'a>(
    path: &Path,
    file: &'a str,
    table: &'a TableSpec,
    columns: Vec<&'a ColumnPlan>,
) -> Result<CsvBatches<'a>, CurateError> {
    let by_name = if file.ends_with(".tsv") { '\t' } else { ',' };
    let separator = u8::try_from(table.separator.unwrap_or(by_name)).unwrap_or(b',');
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .from_path(path)
        .map_err(|error| CurateError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let header = reader.byte_headers().map_err(|error| corrupt(file, &error))?;
    let header: Vec<String> = header.iter().map(clean).collect();
    check_header(file, &header, &columns)?;
    let position = |column: &&ColumnPlan| header.iter().position(|name| name == column.spec.raw_name());
    let positions = columns.iter().filter_map(position).collect();
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| Field::new(&column.spec.name, arrow_type(column.kind), column.spec.nullable))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    Ok(CsvBatches { reader, file, nulls: &table.nulls, header, columns, positions, schema, row: 0, done: false })
}

impl Iterator for CsvBatches<'_> {
    type Item = Result<Identified<RecordBatch>, CurateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.batch();
        self.done |= batch.is_err();
        batch.transpose()
    }
}

impl CsvBatches<'_> {
    fn batch(&mut self) -> Result<Option<Identified<RecordBatch>>, CurateError> {
        let mut builders: Vec<ColumnBuilder> = self.columns.iter().map(|column| ColumnBuilder::new(column)).collect();
        let mut record = ByteRecord::new();
        let mut rows = 0;
        while rows < BATCH_ROWS {
            if !self.reader.read_byte_record(&mut record).map_err(|error| corrupt(self.file, &error))? {
                self.done = true;
                break;
            }
            self.row += 1;
            rows += 1;
            self.push(&record, &mut builders)?;
        }
        if rows == 0 {
            return Ok(None);
        }
        let arrays = builders.iter_mut().map(ColumnBuilder::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|error| CurateError::Internal { table: self.file.to_owned(), reason: error.to_string() })?;
        Ok(Some(Identified::new(batch)))
    }

    fn push(&self, record: &ByteRecord, builders: &mut [ColumnBuilder]) -> Result<(), InputError> {
        let line = record.position().map_or(0, csv::Position::line);
        let (found, expected) = (record.len(), self.header.len());
        if found < expected {
            let column = self.header.get(found).cloned().unwrap_or_default();
            let file = self.file.to_owned();
            return Err(InputError::Truncated { file, line, row: self.row, column, found, expected });
        }
        if found > expected {
            return Err(InputError::Overlong { file: self.file.to_owned(), line, row: self.row, found, expected });
        }
        for ((builder, position), column) in builders.iter_mut().zip(&self.positions).zip(&self.columns) {
            let bytes = record.get(*position).unwrap_or_default();
            let pushed = match std::str::from_utf8(bytes) {
                Ok(text) if self.nulls.iter().any(|null| null == text) => builder.push_null(),
                Ok(text) => builder.push(text),
                Err(_) => Err(Misfit { expected: "UTF-8 text".into(), found: "bytes of another encoding".into() }),
            };
            pushed.map_err(|misfit| InputError::Value {
                file: self.file.to_owned(),
                line,
                row: self.row,
                column: column.spec.raw_name().to_owned(),
                expected: misfit.expected,
                found: misfit.found,
            })?;
        }
        Ok(())
    }
}

/// A column name without a byte order mark and surrounding space.
fn clean(name: &[u8]) -> String {
    String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned()
}

fn corrupt(file: &str, error: &csv::Error) -> CurateError {
    InputError::Corrupt { file: file.to_owned(), format: "CSV", reason: error.to_string() }.into()
}
