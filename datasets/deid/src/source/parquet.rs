//! Parquet files: the wanted columns, cast to the schema's types where nothing is lost.

use super::{BATCH_ROWS, check_header};
use crate::definition::ColumnPlan;
use crate::error::{CurateError, InputError};
use crate::stage::Identified;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use mudeung_engine::layout::arrow_type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Batches of a Parquet file.
pub(super) struct ParquetBatches<'a> {
    reader: ParquetRecordBatchReader,
    file: &'a str,
    columns: Vec<&'a ColumnPlan>,
    schema: SchemaRef,
    row: u64,
    failed: bool,
}

/// Opens a file and checks its schema.
pub(super) fn read<'a>(
    path: &Path,
    file: &'a str,
    columns: Vec<&'a ColumnPlan>,
) -> Result<ParquetBatches<'a>, CurateError> {
    let opened = File::open(path)
        .map_err(|error| CurateError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|error| corrupt(file, error.to_string()))?;
    let found: Vec<String> = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    check_header(file, &found, &columns)?;
    for column in &columns {
        let field = builder.schema().field_with_name(column.spec.raw_name());
        let from = field.map_err(|error| corrupt(file, error.to_string()))?.data_type();
        if !is_lossless(from, &arrow_type(column.kind)) {
            return Err(InputError::ColumnType {
                file: file.to_owned(),
                column: column.spec.raw_name().to_owned(),
                expected: column.kind.as_str().to_owned(),
                found: from.to_string(),
            }
            .into());
        }
    }
    let roots = columns.iter().filter_map(|column| found.iter().position(|name| name == column.spec.raw_name()));
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
    let reader = reader.map_err(|error| corrupt(file, error.to_string()))?;
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| Field::new(&column.spec.name, arrow_type(column.kind), column.spec.nullable))
        .collect();
    Ok(ParquetBatches { reader, file, columns, schema: Arc::new(Schema::new(fields)), row: 0, failed: false })
}

impl Iterator for ParquetBatches<'_> {
    type Item = Result<Identified<RecordBatch>, CurateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.reader.next()?;
        let batch = batch.map_err(|error| corrupt(self.file, error.to_string())).and_then(|batch| self.convert(&batch));
        self.failed = batch.is_err();
        Some(batch)
    }
}

impl ParquetBatches<'_> {
    fn convert(&mut self, batch: &RecordBatch) -> Result<Identified<RecordBatch>, CurateError> {
        let arrays: Result<Vec<ArrayRef>, CurateError> =
            self.columns.iter().map(|column| self.column(batch, column)).collect();
        let converted = RecordBatch::try_new(self.schema.clone(), arrays?)
            .map_err(|error| CurateError::Internal { table: self.file.to_owned(), reason: error.to_string() })?;
        self.row += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        Ok(Identified::new(converted))
    }

    fn column(&self, batch: &RecordBatch, column: &ColumnPlan) -> Result<ArrayRef, CurateError> {
        let name = column.spec.raw_name();
        let raw = batch.column_by_name(name).ok_or_else(|| corrupt(self.file, format!("column `{name}` vanished")))?;
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let cast = cast_with_options(raw, &arrow_type(column.kind), &options)
            .map_err(|error| corrupt(self.file, error.to_string()))?;
        let clean = without_nan(&cast);
        let is_lost =
            |row: &usize| (cast.is_null(*row) && raw.is_valid(*row)) || (clean.is_null(*row) && !column.spec.nullable);
        let Some(lost) = (0..cast.len()).find(is_lost) else { return Ok(clean) };
        Err(InputError::Value {
            file: self.file.to_owned(),
            line: 0,
            row: self.row + u64::try_from(lost).unwrap_or(u64::MAX) + 1,
            column: name.to_owned(),
            expected: column.kind.as_str().to_owned(),
            found: if raw.is_null(lost) { "nothing".to_owned() } else { "a value that does not fit".to_owned() },
        }
        .into())
    }
}

/// Not-a-number is how some tools write a missing value.
fn without_nan(column: &ArrayRef) -> ArrayRef {
    match column.as_primitive_opt::<Float64Type>() {
        Some(floats) if floats.iter().flatten().any(f64::is_nan) => {
            Arc::new(floats.iter().map(|value| value.filter(|value| !value.is_nan())).collect::<Float64Array>())
        }
        _ => column.clone(),
    }
}

/// Whether every value of a type can be said in the other, or its loss is noticed by the cast.
fn is_lossless(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, Date64, Dictionary, Float32, Float64, Int32, Int64, LargeUtf8, Timestamp, Utf8, Utf8View};
    if let Dictionary(_, values) = from {
        return is_lossless(values, to);
    }
    match (from, to) {
        (from, to) if from == to => true,
        (from, Int32 | Int64) if from.is_integer() => true,
        (from, Float64) if from.is_integer() => true,
        (Float32, Float64) | (LargeUtf8 | Utf8View, Utf8) | (Date64, Date32) => true,
        (Timestamp(_, _), Timestamp(_, _)) => true,
        _ => false,
    }
}

fn corrupt(file: &str, reason: String) -> CurateError {
    InputError::Corrupt { file: file.to_owned(), format: "Parquet", reason }.into()
}
