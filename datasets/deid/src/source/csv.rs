//! Text files with a header, whatever separates their values and in whatever encoding they are.

use super::builder::ColumnBuilder;
use super::decoded::Decoded;
use super::{BATCH_ROWS, TextForm, check_header};
use crate::definition::ColumnPlan;
use crate::error::{CurateError, InputError};
use crate::stage::Identified;
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use csv::{ByteRecord, Reader};
use mudeung_engine::layout::arrow_type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a row, as UTF-8: a quotation that is never closed must not become one row of the whole file.
const ROW_BYTES_MAX: u64 = 16 << 20;
/// Bytes that the reader takes at once.
const BUFFER_BYTES: usize = 1 << 16;

/// Batches of a text file.
pub(super) struct CsvBatches<'a> {
    reader: Reader<Decoded<File>>,
    file: &'a str,
    form: TextForm,
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
    form: TextForm,
    nulls: &'a [String],
    columns: Vec<&'a ColumnPlan>,
) -> Result<CsvBatches<'a>, CurateError> {
    let opened = File::open(path)
        .map_err(|error| CurateError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let mut builder = form.dialect.reader();
    let mut reader = builder.buffer_capacity(BUFFER_BYTES).from_reader(Decoded::new(opened, form.encoding));
    reader.get_mut().limit(ROW_BYTES_MAX);
    let header = reader.byte_headers().map(|header| header.iter().map(clean).collect::<Vec<String>>());
    let header = header.map_err(|error| broken(file, &error, reader.get_ref(), 1, 0))?;
    let end = reader.position().byte();
    let damaged = reader.get_mut().faults_until(end).first().copied();
    check_header(file, &header, &columns).map_err(|error| match damaged {
        Some(byte) => not_of(form, file, 1, 0, "", byte),
        None => error,
    })?;
    let position = |column: &&ColumnPlan| header.iter().position(|name| name == column.spec.raw_name());
    let positions = columns.iter().filter_map(position).collect();
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| Field::new(&column.spec.name, arrow_type(column.kind), column.spec.nullable))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    Ok(CsvBatches { reader, file, form, nulls, header, columns, positions, schema, row: 0, done: false })
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
            if !self.read(&mut record)? {
                self.done = true;
                break;
            }
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

    /// Reads the next row, which must end within the limit.
    fn read(&mut self, record: &mut ByteRecord) -> Result<bool, CurateError> {
        let begins = self.reader.position().clone();
        self.reader.get_mut().limit(begins.byte().saturating_add(ROW_BYTES_MAX));
        self.row += 1;
        self.reader
            .read_byte_record(record)
            .map_err(|error| broken(self.file, &error, self.reader.get_ref(), begins.line(), self.row))
    }

    fn push(&mut self, record: &ByteRecord, builders: &mut [ColumnBuilder]) -> Result<(), InputError> {
        let line = record.position().map_or(0, csv::Position::line);
        let end = self.reader.position().byte();
        let damaged = self.reader.get_mut().faults_until(end);
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
            let name = column.spec.raw_name();
            let text = std::str::from_utf8(record.get(*position).unwrap_or_default()).unwrap_or(NO_LETTER);
            if !damaged.is_empty() && text.contains(NO_LETTER) {
                let byte = place(&damaged, record, *position);
                return Err(not_of(self.form, self.file, line, self.row, name, byte));
            }
            let pushed = match self.nulls.iter().any(|null| null == text) {
                true => builder.push_null(),
                false => builder.push(text),
            };
            pushed.map_err(|misfit| InputError::Value {
                file: self.file.to_owned(),
                line,
                row: self.row,
                column: name.to_owned(),
                expected: misfit.expected,
                found: misfit.found,
            })?;
        }
        Ok(())
    }
}

/// What stands for bytes that are not of the encoding.
const NO_LETTER: &str = "\u{fffd}";

/// Where in the file the first damaged byte of a value is: as many others come before it as there are in earlier values.
fn place(damaged: &[u64], record: &ByteRecord, position: usize) -> u64 {
    let earlier = record.iter().take(position).filter_map(|value| std::str::from_utf8(value).ok());
    let earlier: usize = earlier.map(|text| text.matches(NO_LETTER).count()).sum();
    damaged.get(earlier).or(damaged.last()).copied().unwrap_or_default()
}

fn not_of(form: TextForm, file: &str, line: u64, row: u64, column: &str, byte: u64) -> InputError {
    let (file, column) = (file.to_owned(), column.to_owned());
    InputError::Encoding { file, line, row, column, byte, encoding: form.encoding.as_str() }
}

/// A column name without surrounding space.
pub(super) fn clean(name: &[u8]) -> String {
    String::from_utf8_lossy(name).trim().to_owned()
}

fn broken(file: &str, error: &csv::Error, decoded: &Decoded<File>, line: u64, row: u64) -> CurateError {
    let file = file.to_owned();
    match decoded.is_at_limit() {
        true => InputError::Endless { file, line, row, bytes_max: ROW_BYTES_MAX },
        false => InputError::Corrupt { file, format: "CSV", reason: error.to_string() },
    }
    .into()
}
