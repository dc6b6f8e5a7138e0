//! Tests of the formats of an answer.

use super::Encoder;
use crate::fixture::{FILE, Stored, address, collect, folder, path};
use crate::{Engine, EngineOptions};
use arrow::array::TimestampMicrosecondArray;
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::ipc::reader::StreamReader;
use futures_util::StreamExt;
use mudeung_core::dataset::ColumnType;
use mudeung_core::filter::Filter;
use mudeung_core::reader::{DatasetReader, Format, ReadError, RowsRequest};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::sync::Arc;

const FORMATS: [Format; 6] =
    [Format::Json, Format::JsonLines, Format::Csv, Format::ArrowStream, Format::ArrowStreamZstd, Format::Parquet];

fn batch() -> RecordBatch {
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None]))),
        ("x", Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(0.1)]))),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("note", Arc::new(StringArray::from(vec![Some("a \"b\", 가\n"), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(18_000), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None]).with_timezone("UTC"))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

fn encode(format: Format, batches: &[RecordBatch]) -> (Vec<u8>, u64) {
    let mut encoder = Encoder::new(format, batch().schema()).unwrap();
    let mut pieces: Vec<_> = batches.iter().filter_map(|batch| encoder.encode(batch).unwrap()).collect();
    pieces.push(encoder.finish().unwrap());
    (pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect(), pieces.iter().map(|piece| piece.rows).sum())
}

fn text(format: Format, batches: &[RecordBatch]) -> String {
    String::from_utf8(encode(format, batches).0).unwrap()
}

#[test]
fn json_is_one_array_of_objects_with_every_key() {
    let first = r#"{"id":9007199254740993,"x":null,"flag":true,"note":"a \"b\", 가\n","day":"2019-04-14","at":"1970-01-01T00:00:01.500Z"}"#;
    let second = r#"{"id":null,"x":0.1,"flag":null,"note":null,"day":null,"at":null}"#;
    assert_eq!(text(Format::Json, &[batch()]), format!("[{first},{second}]"));
    let split = [batch().slice(0, 1), batch().slice(0, 0), batch().slice(1, 1)];
    assert_eq!(text(Format::Json, &split), format!("[{first},{second}]"));
    assert_eq!(text(Format::JsonLines, &split), format!("{first}\n{second}\n"));
}

#[test]
fn csv_has_one_header_and_empty_nulls() {
    let split = [batch().slice(0, 1), batch().slice(1, 1)];
    let expected = "id,x,flag,note,day,at\n9007199254740993,NaN,true,\"a \"\"b\"\", 가\n\",2019-04-14,1970-01-01T00:00:01.500Z\n,0.1,,,,\n";
    assert_eq!(text(Format::Csv, &split), expected);
}

#[test]
fn an_answer_without_rows_is_whole_in_every_format() {
    assert_eq!(text(Format::Json, &[]), "[]");
    assert_eq!(text(Format::JsonLines, &[]), "");
    assert_eq!(text(Format::Csv, &[]), "id,x,flag,note,day,at\n");
    let arrow = encode(Format::ArrowStream, &[]).0;
    let reader = StreamReader::try_new(arrow.as_slice(), None).unwrap();
    assert_eq!((reader.schema(), reader.count()), (batch().schema(), 0));
    let parquet = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(encode(Format::Parquet, &[]).0)).unwrap();
    assert_eq!(parquet.schema().fields().len(), 6);
}

#[test]
fn arrow_and_parquet_read_back_equal() {
    for format in [Format::ArrowStream, Format::ArrowStreamZstd] {
        let (arrow, rows) = encode(format, &[batch(), batch()]);
        let read = StreamReader::try_new(arrow.as_slice(), None).unwrap();
        let read: Vec<RecordBatch> = read.map(Result::unwrap).collect();
        assert_eq!((format!("{read:?}"), rows), (format!("{:?}", [batch(), batch()]), 4));
    }
    let (parquet, rows) = encode(Format::Parquet, &[batch()]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet)).unwrap().build().unwrap();
    let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!((format!("{read:?}"), rows), (format!("{:?}", [batch()]), 2));
}

fn table(rows: usize) -> Stored {
    Stored {
        columns: vec![(ColumnType::Int64, false), (ColumnType::Text, true)],
        rows,
        seed: 8,
        group_rows: 20_000,
        page_rows: 1_000,
        codec: 2,
        dictionary: true,
        plain: false,
        version2: false,
        page_index: true,
        bloom_filters: false,
    }
}

fn request(format: Format, filter: Option<&str>) -> RowsRequest {
    RowsRequest {
        table: address(),
        files: vec![FILE.to_owned()],
        columns: vec!["c1".to_owned(), "c0".to_owned()],
        filter: filter.map(|text| Filter::parse(text).unwrap()),
        limit: u64::MAX,
        format,
    }
}

fn engine(root: &std::path::Path, concurrent_reads: usize) -> Engine {
    let options = EngineOptions { concurrent_reads, turn_seconds: 1, ..EngineOptions::default() };
    Engine::open(folder(root), options).unwrap()
}

#[tokio::test]
async fn every_format_counts_every_row_once() {
    let root = tempfile::tempdir().unwrap();
    table(70_000).write(&path(root.path(), FILE), &table(70_000).batch());
    let engine = engine(root.path(), 4);
    for format in FORMATS {
        let mut chunks = engine.rows(request(format, None)).await.unwrap();
        let (mut rows, mut pieces) = (0, 0);
        while let Some(chunk) = chunks.next().await {
            rows += chunk.unwrap().rows;
            pieces += 1;
        }
        assert_eq!(rows, 70_000, "{format:?}");
        assert!(pieces > 1 || format == Format::Parquet, "{format:?} came in one piece");
    }
}

#[tokio::test]
async fn streamed_arrow_is_the_table() {
    let root = tempfile::tempdir().unwrap();
    let source = table(70_000).batch();
    table(70_000).write(&path(root.path(), FILE), &source);
    let chunks = engine(root.path(), 4).rows(request(Format::ArrowStream, None)).await.unwrap();
    let (bytes, _) = collect(chunks).await.unwrap();
    let batches: Vec<RecordBatch> =
        StreamReader::try_new(bytes.as_slice(), None).unwrap().map(Result::unwrap).collect();
    let expected = source.project(&[1, 0]).unwrap();
    assert_eq!(concat_batches(&expected.schema(), &batches).unwrap(), expected);
}

#[tokio::test]
async fn a_bad_request_is_an_error_before_the_first_byte() {
    let root = tempfile::tempdir().unwrap();
    table(10).write(&path(root.path(), FILE), &table(10).batch());
    let answer = engine(root.path(), 4).rows(request(Format::Json, Some("c0 = 'x'"))).await;
    assert!(matches!(answer, Err(ReadError::BadRequest(_))));
    let none = RowsRequest { columns: Vec::new(), ..request(Format::Json, None) };
    assert!(matches!(engine(root.path(), 4).rows(none).await, Err(ReadError::BadRequest(_))));
}

#[tokio::test]
async fn too_many_answers_at_once_are_told_to_wait_and_dropped_ones_make_room() {
    let root = tempfile::tempdir().unwrap();
    table(70_000).write(&path(root.path(), FILE), &table(70_000).batch());
    let engine = engine(root.path(), 1);
    let held = engine.rows(request(Format::Json, None)).await.unwrap();
    assert!(matches!(engine.rows(request(Format::Json, None)).await, Err(ReadError::Busy(_))));
    drop(held);
    drop(engine.rows(request(Format::Json, None)).await.unwrap());
}

#[tokio::test]
async fn reading_that_takes_too_long_ends_in_an_error() {
    let root = tempfile::tempdir().unwrap();
    table(70_000).write(&path(root.path(), FILE), &table(70_000).batch());
    let options = EngineOptions { read_seconds: 0, ..EngineOptions::default() };
    let engine = Engine::open(folder(root.path()), options).unwrap();
    let answer = match engine.rows(request(Format::Json, None)).await {
        Ok(chunks) => collect(chunks).await,
        Err(problem) => Err(problem),
    };
    assert!(matches!(answer, Err(ReadError::LimitReached(_))));
}

#[tokio::test]
async fn damaged_pages_end_the_answer_with_an_error_and_never_a_panic() {
    let root = tempfile::tempdir().unwrap();
    let file = path(root.path(), FILE);
    table(5_000).write(&file, &table(5_000).batch());
    let sound = std::fs::read(&file).unwrap();
    let mut errors = 0;
    for at in (4..sound.len()).step_by(sound.len() / 200) {
        let mut content = sound.clone();
        content[at] ^= 0xff;
        std::fs::write(&file, &content).unwrap();
        let answer = match engine(root.path(), 1).rows(request(Format::Csv, Some("c0 is not null"))).await {
            Ok(chunks) => collect(chunks).await,
            Err(problem) => Err(problem),
        };
        match answer {
            Ok(_) => {}
            Err(ReadError::Damaged(_)) => errors += 1,
            Err(other) => panic!("byte {at}: {other:?}"),
        }
    }
    assert!(errors > 50, "only {errors} of the damages were noticed");
}
