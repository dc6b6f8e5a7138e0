//! Figures written in the formats of an answer.

use crate::answer::Encoder;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use bytes::Bytes;
use mudeung_core::figures::{FigureColumn, FigureTable, FigureValues};
use mudeung_core::reader::{Format, ReadError};
use std::sync::Arc;

/// Rows handed to the encoder at once.
const BATCH_ROWS: usize = 8_192;

/// Writes a table: moments as timestamps in UTC to the microsecond, counts as `int64`.
pub(crate) fn write(table: FigureTable, format: Format) -> Result<Bytes, ReadError> {
    encode(table, format).map_err(|error| ReadError::Damaged(format!("figures cannot be written: {error}")))
}

fn encode(table: FigureTable, format: Format) -> Result<Bytes, ArrowError> {
    let (fields, arrays): (Vec<_>, Vec<_>) = table.columns.into_iter().map(column).unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    let mut encoder = Encoder::new(format, batch.schema())?;
    let mut out = Vec::new();
    for start in (0..batch.num_rows()).step_by(BATCH_ROWS) {
        let length = BATCH_ROWS.min(batch.num_rows() - start);
        if let Some(piece) = encoder.encode(&batch.slice(start, length))? {
            out.extend_from_slice(&piece.bytes);
        }
    }
    out.extend_from_slice(&encoder.finish()?.bytes);
    Ok(out.into())
}

fn column(column: FigureColumn) -> (Field, ArrayRef) {
    let (kind, is_nullable, array): (DataType, bool, ArrayRef) = match column.values {
        FigureValues::Moments(values) => {
            let array = TimestampMicrosecondArray::from_iter_values(values.into_iter().map(|at| at.micros()));
            let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            (kind, false, Arc::new(array.with_timezone("UTC")))
        }
        FigureValues::Texts(values) => (DataType::Utf8, true, Arc::new(StringArray::from(values))),
        FigureValues::Counts(values) => {
            let values = values.into_iter().map(|count| i64::try_from(count).unwrap_or(i64::MAX));
            (DataType::Int64, false, Arc::new(Int64Array::from_iter_values(values)))
        }
    };
    (Field::new(column.name, kind, is_nullable), array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
    use mudeung_core::clock::Timestamp;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use proptest::prelude::*;

    fn table(rows: &[(i64, Option<String>, u64)]) -> FigureTable {
        let columns = vec![
            FigureColumn {
                name: "period_start",
                values: FigureValues::Moments(rows.iter().map(|row| Timestamp::from_micros(row.0)).collect()),
            },
            FigureColumn { name: "app", values: FigureValues::Texts(rows.iter().map(|row| row.1.clone()).collect()) },
            FigureColumn { name: "bytes", values: FigureValues::Counts(rows.iter().map(|row| row.2).collect()) },
        ];
        FigureTable { columns }
    }

    #[test]
    fn figures_are_written_as_people_and_programs_read_them() {
        let rows = [(1_772_409_600_000_000, Some("app, \"1\"".to_owned()), 7), (1_772_409_600_000_001, None, u64::MAX)];
        let text = |format| String::from_utf8(write(table(&rows), format).unwrap().to_vec()).unwrap();
        let csv = "period_start,app,bytes\n2026-03-02T00:00:00Z,\"app, \"\"1\"\"\",7\n\
                   2026-03-02T00:00:00.000001Z,,9223372036854775807\n";
        assert_eq!(text(Format::Csv), csv);
        assert_eq!(text(Format::JsonLines).lines().count(), 2);
        assert!(
            text(Format::JsonLines)
                .starts_with(r#"{"period_start":"2026-03-02T00:00:00Z","app":"app, \"1\"","bytes":7}"#)
        );
        let empty = String::from_utf8(write(table(&[]), Format::Csv).unwrap().to_vec()).unwrap();
        assert_eq!(empty, "period_start,app,bytes\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn parquet_holds_exactly_what_was_written(
            rows in proptest::collection::vec((0_i64..4_102_444_800_000_000, proptest::option::of("\\PC{0,12}"), 0_u64..1 << 62), 0..40),
        ) {
            let bytes = write(table(&rows), Format::Parquet).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
            let mut read = Vec::new();
            for batch in reader {
                let batch = batch.unwrap();
                let at = batch.column(0).as_primitive::<TimestampMicrosecondType>();
                let (texts, counts) = (batch.column(1).as_string::<i32>(), batch.column(2).as_primitive::<Int64Type>());
                for row in 0..batch.num_rows() {
                    let text = texts.iter().nth(row).unwrap().map(str::to_owned);
                    read.push((at.value(row), text, u64::try_from(counts.value(row)).unwrap()));
                }
            }
            prop_assert_eq!(read, rows);
        }
    }
}
