//! Parquet files: the wanted columns, cast to the schema's types where nothing is lost.

use super::{BATCH_ROWS, Rejects, check_header};
use crate::definition::ColumnPlan;
use crate::error::{CurateError, InputError};
use crate::output::internal;
use crate::stage::Identified;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options, filter};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use mudeung_engine::layout::arrow_type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Batches of a Parquet file.
pub(super) struct ParquetBatches<'a> {
    reader: ParquetRecordBatchReader,
    file: &'a str,
    columns: Vec<&'a ColumnPlan>,
    schema: SchemaRef,
    rejects: &'a mut Rejects,
    row: u64,
    done: bool,
}

/// Opens a file and checks its schema.
pub(super) fn read<'a>(
    path: &Path,
    file: &'a str,
    columns: Vec<&'a ColumnPlan>,
    rejects: &'a mut Rejects,
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
    let schema = Arc::new(Schema::new(fields));
    Ok(ParquetBatches { reader, file, columns, schema, rejects, row: 0, done: false })
}

impl Iterator for ParquetBatches<'_> {
    type Item = Result<Identified<RecordBatch>, CurateError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            let Some(batch) = self.reader.next() else {
                self.done = true;
                self.rejects.end(self.row);
                return None;
            };
            let batch = batch.map_err(|error| corrupt(self.file, error.to_string()));
            match batch.and_then(|batch| self.convert(&batch)) {
                // All its rows were left out.
                Ok(rows) if rows.num_rows() == 0 => {}
                Ok(rows) => return Some(Ok(Identified::new(rows))),
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

impl ParquetBatches<'_> {
    fn convert(&mut self, batch: &RecordBatch) -> Result<RecordBatch, CurateError> {
        let failed = |error: ArrowError| internal(self.file, error);
        let mut faults: BTreeMap<usize, (&ColumnPlan, ArrayRef)> = BTreeMap::new();
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let (clean, raw, lost) = self.column(batch, column)?;
            for row in lost {
                faults.entry(row).or_insert_with(|| (column, raw.clone()));
            }
            arrays.push(clean);
        }
        for (row, (column, raw)) in &faults {
            let value = match raw.is_null(*row) {
                true => String::new(),
                false => array_value_to_string(raw, *row).map_err(failed)?,
            };
            self.rejects.reject(self.fault(column, raw, *row), &value)?;
        }
        if !faults.is_empty() {
            let kept: BooleanArray = (0..batch.num_rows()).map(|row| Some(!faults.contains_key(&row))).collect();
            arrays = arrays.iter().map(|array| filter(array, &kept)).collect::<Result<_, _>>().map_err(failed)?;
        }
        self.row += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(failed)
    }

    /// A column as the schema wants it, as it is, and the rows whose values that loses.
    fn column(
        &self,
        batch: &RecordBatch,
        column: &ColumnPlan,
    ) -> Result<(ArrayRef, ArrayRef, Vec<usize>), CurateError> {
        let name = column.spec.raw_name();
        let raw = batch.column_by_name(name).ok_or_else(|| corrupt(self.file, format!("column `{name}` vanished")))?;
        let options = CastOptions { safe: true, ..CastOptions::default() };
        let cast = cast_with_options(raw, &arrow_type(column.kind), &options)
            .map_err(|error| corrupt(self.file, error.to_string()))?;
        let clean = without_nan(&cast);
        let is_lost =
            |row: &usize| (cast.is_null(*row) && raw.is_valid(*row)) || (clean.is_null(*row) && !column.spec.nullable);
        let lost = (0..cast.len()).filter(is_lost).collect();
        Ok((clean, raw.clone(), lost))
    }

    fn fault(&self, column: &ColumnPlan, raw: &ArrayRef, row: usize) -> InputError {
        InputError::Value {
            file: self.file.to_owned(),
            line: 0,
            row: self.row + u64::try_from(row).unwrap_or(u64::MAX) + 1,
            column: column.spec.raw_name().to_owned(),
            expected: column.kind.as_str().to_owned(),
            found: if raw.is_null(row) { "nothing".to_owned() } else { "a value that does not fit".to_owned() },
        }
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
