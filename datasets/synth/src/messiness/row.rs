//! Rows of cells out of batches, and batches of them again.

use crate::SynthError;
use crate::program::table::{Builder, Cell};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType,
};

/// One cell for each column of the schema.
pub(crate) type Row = Vec<Cell<'static>>;

/// The rows of a batch. What a program does not make is null.
pub(crate) fn rows(batch: &RecordBatch) -> Vec<Row> {
    let mut rows = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for column in batch.columns() {
        for (position, row) in rows.iter_mut().enumerate() {
            row.push(if column.is_null(position) { Cell::Null } else { cell(column, position) });
        }
    }
    rows
}

fn cell(column: &dyn Array, row: usize) -> Cell<'static> {
    match column.data_type() {
        DataType::Int32 => Cell::Integer(column.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Cell::Integer(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => Cell::Number(column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => Cell::Flag(column.as_boolean().value(row)),
        DataType::Utf8 => Cell::Written(column.as_string::<i32>().value(row).to_owned()),
        DataType::Date32 => Cell::Date(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Cell::Moment(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        _ => Cell::Null,
    }
}

/// A batch of rows, of which each has its cells at these positions.
pub(crate) fn batch(
    table: &str,
    schema: &SchemaRef,
    positions: &[usize],
    rows: &[Row],
) -> Result<RecordBatch, SynthError> {
    let failed = |reason: String| SynthError::Table { table: table.to_owned(), reason };
    let mut columns = Vec::with_capacity(positions.len());
    for (field, position) in schema.fields().iter().zip(positions) {
        let unknown = || failed(format!("{} cannot be {}", field.name(), field.data_type()));
        let mut builder = Builder::of(field.data_type()).ok_or_else(unknown)?;
        for row in rows {
            builder.push(row.get(*position).unwrap_or(&Cell::Null));
        }
        columns.push(builder.finish(field.data_type()).map_err(|error| failed(error.to_string()))?);
    }
    RecordBatch::try_new(schema.clone(), columns).map_err(|error| failed(error.to_string()))
}

/// A cell as the table of truth writes it; numbers in the shortest form that reads back as the same bits.
pub(crate) fn text(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Flag(flag) => Some(flag.to_string()),
        Cell::Text(text) => Some((*text).to_owned()),
        Cell::Written(text) => Some(text.clone()),
        Cell::Date(day) => Some(crate::program::calendar::iso(*day)),
        Cell::Moment(micros) => Some(micros.to_string()),
    }
}
