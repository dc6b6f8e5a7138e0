//! Text files with a header, whatever separates their values and in whatever encoding they are.

use super::builder::{ColumnBuilder, Misfit};
use super::decoded::Decoded;
use super::{BATCH_ROWS, Rejects, TextForm, check_header};
use crate::definition::ColumnPlan;
use crate::error::{CurateError, InputError};
use crate::output::internal;
use crate::stage::Identified;
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter;
use arrow::datatypes::{Field, Schema, SchemaRef};
use csv::{ByteRecord, Reader};
use mudeung_engine::layout::arrow_type;
use std::cmp::Ordering;
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
    rejects: &'a mut Rejects,
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
    rejects: &'a mut Rejects,
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
    Ok(CsvBatches { reader, file, form, nulls, header, columns, positions, schema, rejects, row: 0, done: false })
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
    /// The next rows that can be read, at least one of them; nothing at the end.
    fn batch(&mut self) -> Result<Option<Identified<RecordBatch>>, CurateError> {
        while !self.done {
            let rows = self.rows()?;
            if rows.num_rows() > 0 {
                return Ok(Some(Identified::new(rows)));
            }
        }
        Ok(None)
    }

    fn rows(&mut self) -> Result<RecordBatch, CurateError> {
        let mut builders: Vec<ColumnBuilder> = self.columns.iter().map(|column| ColumnBuilder::new(column)).collect();
        let mut record = ByteRecord::new();
        let mut kept = Vec::new();
        for _ in 0..BATCH_ROWS {
            if !self.read(&mut record)? {
                self.done = true;
                self.rejects.end(self.row);
                break;
            }
            self.row += 1;
            kept.extend(self.push(&record, &mut builders)?);
        }
        let failed = |error: arrow::error::ArrowError| internal(self.file, error);
        let mut arrays: Vec<_> = builders.iter_mut().map(ColumnBuilder::finish).collect();
        if kept.contains(&false) {
            let kept = BooleanArray::from(kept);
            arrays = arrays.iter().map(|array| filter(array, &kept)).collect::<Result<_, _>>().map_err(failed)?;
        }
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(failed)
    }

    /// Reads the next row, which must end within the limit.
    fn read(&mut self, record: &mut ByteRecord) -> Result<bool, CurateError> {
        let begins = self.reader.position().clone();
        self.reader.get_mut().limit(begins.byte().saturating_add(ROW_BYTES_MAX));
        self.reader
            .read_byte_record(record)
            .map_err(|error| broken(self.file, &error, self.reader.get_ref(), begins.line(), self.row + 1))
    }

    /// Adds a row: whether it is kept, and nothing when it has another number of columns and is not there at all.
    fn push(&mut self, record: &ByteRecord, builders: &mut [ColumnBuilder]) -> Result<Option<bool>, CurateError> {
        let line = record.position().map_or(0, csv::Position::line);
        let end = self.reader.position().byte();
        let damaged = self.reader.get_mut().faults_until(end);
        if let Some(fault) = self.misshapen(record, line) {
            self.rejects.reject(fault, "")?;
            return Ok(None);
        }
        let mut is_kept = true;
        for ((builder, position), column) in builders.iter_mut().zip(&self.positions).zip(&self.columns) {
            if !is_kept {
                builder.push_gap();
                continue;
            }
            let name = column.spec.raw_name();
            let text = std::str::from_utf8(record.get(*position).unwrap_or_default()).unwrap_or(NO_LETTER);
            let fault = if !damaged.is_empty() && text.contains(NO_LETTER) {
                Some(not_of(self.form, self.file, line, self.row, name, place(&damaged, record, *position)))
            } else {
                let is_null = self.nulls.iter().any(|null| null == text);
                let pushed = if is_null { builder.push_null() } else { builder.push(text) };
                pushed.err().map(|misfit| self::misfit(self.file, line, self.row, name, misfit))
            };
            if let Some(fault) = fault {
                self.rejects.reject(fault, text)?;
                builder.push_gap();
                is_kept = false;
            }
        }
        Ok(Some(is_kept))
    }

    /// What is wrong with a row that has another number of columns than the header.
    fn misshapen(&self, record: &ByteRecord, line: u64) -> Option<InputError> {
        let (row, found, expected) = (self.row, record.len(), self.header.len());
        let file = || self.file.to_owned();
        match found.cmp(&expected) {
            Ordering::Equal => None,
            Ordering::Greater => Some(InputError::Overlong { file: file(), line, row, found, expected }),
            Ordering::Less => {
                let column = self.header.get(found).cloned().unwrap_or_default();
                Some(InputError::Truncated { file: file(), line, row, column, found, expected })
            }
        }
    }
}

fn misfit(file: &str, line: u64, row: u64, column: &str, misfit: Misfit) -> InputError {
    let Misfit { expected, found } = misfit;
    InputError::Value { file: file.to_owned(), line, row, column: column.to_owned(), expected, found }
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
