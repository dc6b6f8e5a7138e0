//! Tests of the serving layout.

use super::*;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray};
use arrow::array::{TimestampMicrosecondArray, new_null_array};
use mudeung_core::dataset::ColumnType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use std::sync::Arc;

fn all_types(rows: i64) -> RecordBatch {
    let ids = || 0..rows;
    let small = |n: i64| i32::try_from(n % 1000).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("person_id", Arc::new(ids().map(|n| n / 80).collect::<Int64Array>())),
        ("flag", Arc::new(ids().map(|n| (n % 3 != 0).then_some(n % 2 == 0)).collect::<BooleanArray>())),
        ("small", Arc::new(ids().map(small).collect::<Int32Array>())),
        ("value", Arc::new(ids().map(|n| small(n * 7919).into()).map(|n: f64| n * 1.000_1).collect::<Float64Array>())),
        ("note", Arc::new(ids().map(|n| (n % 5 != 0).then(|| format!("메모 {n}"))).collect::<StringArray>())),
        (
            "code",
            Arc::new(ids().map(|n| Some(["A", "B", "C"][usize::try_from(n % 3).unwrap()])).collect::<StringArray>()),
        ),
        ("day", Arc::new(Date32Array::from_iter_values(ids().map(small)))),
        ("at", Arc::new(TimestampMicrosecondArray::from_iter_values(ids()).with_timezone("UTC"))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn write(folder: &std::path::Path, batches: &[RecordBatch]) -> Vec<WrittenFile> {
    let mut writer = TableWriter::create(folder, batches[0].schema(), FileStatistics::Publish).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap()
}

fn open(path: &std::path::Path) -> ParquetRecordBatchReaderBuilder<std::fs::File> {
    ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap()
}

#[test]
fn what_is_written_reads_back_with_the_same_types() {
    let folder = tempfile::tempdir().unwrap();
    let batch = all_types(130_000);
    let files = write(folder.path(), std::slice::from_ref(&batch));
    assert_eq!(files.len(), 1);
    assert_eq!((files[0].name.as_str(), files[0].rows), ("part-00000.parquet", 130_000));
    let path = folder.path().join("part-00000.parquet");
    assert_eq!(files[0].size_bytes, std::fs::metadata(&path).unwrap().len());
    let builder = open(&path);
    let groups: Vec<i64> = builder.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(groups, [122_880, 7_120]);
    let read: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let read = arrow::compute::concat_batches(&batch.schema(), &read).unwrap();
    assert_eq!(read.columns(), batch.columns());
    assert_eq!(read.schema().fields(), batch.schema().fields());
}

#[test]
fn the_bytes_do_not_depend_on_how_rows_were_cut() {
    let batch = all_types(20_000);
    let pieces: Vec<RecordBatch> = (0..20_000).step_by(777).map(|at| batch.slice(at, 777.min(20_000 - at))).collect();
    let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(write(whole.path(), &[batch]), write(cut.path(), &pieces));
}

#[test]
fn encodings_follow_the_values() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[all_types(20_000)]);
    let builder = open(&folder.path().join("part-00000.parquet"));
    let has =
        |column: usize, encoding| builder.metadata().row_group(0).column(column).encodings().any(|e| e == encoding);
    assert!(has(0, Encoding::DELTA_BINARY_PACKED), "sorted identifiers");
    assert!(has(2, Encoding::RLE_DICTIONARY), "repeating integers");
    assert!(has(3, Encoding::RLE_DICTIONARY), "repeating floats");
    assert!(has(4, Encoding::DELTA_LENGTH_BYTE_ARRAY), "texts that do not repeat");
    assert!(has(5, Encoding::RLE_DICTIONARY), "codes");
}

#[test]
fn the_footer_says_nothing_about_the_machine_or_the_arrow_schema() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[all_types(10)]);
    let builder = open(&folder.path().join("part-00000.parquet"));
    let metadata = builder.metadata().file_metadata();
    assert_eq!(metadata.key_value_metadata(), None);
    assert_eq!(metadata.created_by(), Some("mudeung version 1"));
}

#[test]
fn a_table_without_rows_is_a_file_with_a_schema() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), &[all_types(0)]);
    assert_eq!((files.len(), files[0].rows), (1, 0));
    assert_eq!(open(&folder.path().join("part-00000.parquet")).schema().fields().len(), 8);
}

#[test]
fn rows_of_another_table_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = TableWriter::create(folder.path(), all_types(0).schema(), FileStatistics::Publish).unwrap();
    let other = all_types(0).project(&[0]).unwrap();
    assert!(matches!(writer.write(&other), Err(LayoutError::Mismatch(_))));
}

#[test]
fn a_null_in_a_column_that_has_none_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let field = arrow::datatypes::Field::new("age", arrow_type(ColumnType::Int32), false);
    let strict = Arc::new(arrow::datatypes::Schema::new(vec![field]));
    let nulls = new_null_array(&arrow_type(ColumnType::Int32), 1);
    let batch = RecordBatch::try_from_iter_with_nullable([("age", nulls, true)]).unwrap();
    let mut writer = TableWriter::create(folder.path(), strict, FileStatistics::Publish).unwrap();
    assert!(writer.write(&batch).unwrap_err().to_string().contains("age"));
}

#[test]
fn types_that_are_not_published_are_refused_by_name() {
    let array: ArrayRef = Arc::new(arrow::array::UInt8Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("tiny", array)]).unwrap();
    let error = manifest_columns(&batch.schema()).unwrap_err().to_string();
    assert!(error.contains("`tiny`") && error.contains("UInt8"), "{error}");
}

#[test]
fn every_published_type_has_one_arrow_type() {
    for kind in ColumnType::ALL {
        assert_eq!(column_type(&arrow_type(kind)), Some(kind));
    }
}

#[test]
fn a_table_that_withholds_statistics_has_none_anywhere_and_is_read_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let batch = all_types(130_000);
    let mut writer = TableWriter::create(folder.path(), batch.schema(), FileStatistics::Withhold).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let path = folder.path().join("part-00000.parquet");
    let options = parquet::arrow::arrow_reader::ArrowReaderOptions::new()
        .with_page_index_policy(parquet::file::metadata::PageIndexPolicy::Optional);
    let file = std::fs::File::open(&path).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
    let metadata = builder.metadata();
    let told: Vec<String> =
        metadata.column_index().into_iter().flatten().flatten().map(|of| format!("{of:?}")).collect();
    assert!(told.iter().all(|of| of == "NONE"), "{told:?}");
    for chunk in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        assert!(chunk.statistics().is_none(), "{}", chunk.column_path());
    }
    let read: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    let read = arrow::compute::concat_batches(&batch.schema(), &read).unwrap();
    assert_eq!(read.columns(), batch.columns());
}
