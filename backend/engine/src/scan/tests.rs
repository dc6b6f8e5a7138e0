//! Tests of reading rows: against a naive model of filters, and against damaged files.

use crate::fixture::{FILE, Stored, address, folder, path, places, stored};
use crate::place::Place;
use crate::scan::{Scan, Wanted};
use crate::stored::StoredFile;
use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array, cast::AsArray};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use mudeung_core::dataset::ColumnType;
use mudeung_core::filter::{Comparison, Condition, Filter, Literal, Test};
use mudeung_core::reader::ReadError;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;

/// Rows of a file that lies twice in its table, read in both kinds of place, where they must be the same.
fn scan(root: &Path, wanted: Wanted) -> Result<RecordBatch, ReadError> {
    let [mapped, fetched] = places(root).map(|place| {
        let file = Arc::new(opened(&place)?);
        let scan = Scan::open(&[file.clone(), file], wanted.clone())?;
        let schema = scan.schema();
        let batches = scan.collect::<Result<Vec<_>, _>>()?;
        Ok(concat_batches(&schema, &batches).unwrap())
    });
    assert_eq!(mapped, fetched);
    fetched
}

fn opened(place: &Place) -> Result<StoredFile, ReadError> {
    StoredFile::open("people".to_owned(), place.source(&address(), FILE)?)
}

/// One value as a number or a text, as a reader of the table would see it.
#[derive(Debug, PartialEq, PartialOrd)]
enum Value {
    Number(f64),
    Text(String),
}

fn value(column: &ArrayRef, kind: ColumnType, row: usize) -> Option<Value> {
    let number = |value: i64| Value::Number(f64::from(i32::try_from(value).unwrap()));
    column.is_valid(row).then(|| match kind {
        ColumnType::Boolean => number(i64::from(column.as_boolean().value(row))),
        ColumnType::Int32 => number(i64::from(column.as_primitive::<Int32Type>().value(row))),
        ColumnType::Int64 => number(column.as_primitive::<Int64Type>().value(row)),
        ColumnType::Float64 => Value::Number(column.as_primitive::<Float64Type>().value(row)),
        ColumnType::Text => Value::Text(column.as_string::<i32>().value(row).to_owned()),
        ColumnType::Date => number(i64::from(column.as_primitive::<Date32Type>().value(row))),
        ColumnType::Timestamp => number(column.as_primitive::<TimestampMicrosecondType>().value(row)),
    })
}

/// A literal for a column, and the value it stands for.
fn literal(kind: ColumnType, n: i32) -> (Literal, Value) {
    let number = |text: String, value: f64| (Literal::Number(text), Value::Number(value));
    match kind {
        ColumnType::Boolean => (Literal::Boolean(n > 0), Value::Number(f64::from(i32::from(n > 0)))),
        ColumnType::Int32 => number(n.to_string(), f64::from(n)),
        ColumnType::Int64 => number((i64::from(n) * 1_000_003).to_string(), f64::from(n) * 1_000_003.0),
        ColumnType::Float64 => number((f64::from(n) / 4.0).to_string(), f64::from(n) / 4.0),
        ColumnType::Text => (Literal::Text(format!("값{n}")), Value::Text(format!("값{n}"))),
        ColumnType::Date => {
            let text = if n < 0 { format!("1969-12-{:02}", 32 + n) } else { format!("1970-01-{:02}", n + 1) };
            (Literal::Text(text), Value::Number(f64::from(n)))
        }
        ColumnType::Timestamp => {
            let micros = i64::from(n) * 1_000_003;
            let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
            let base = if seconds < 0 { "1969-12-31T23:59" } else { "1970-01-01T00:00" };
            let text = format!("{base}:{:02}.{fraction:06}Z", seconds.rem_euclid(60));
            (Literal::Text(text), Value::Number(f64::from(i32::try_from(micros).unwrap())))
        }
    }
}

#[derive(Debug, Clone)]
enum ModelTest {
    Compare(Comparison, i32),
    In(Vec<i32>),
    Null(bool),
}

fn model_test() -> impl Strategy<Value = ModelTest> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let comparison = proptest::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
    prop_oneof![
        6 => (comparison, -22..22_i32).prop_map(|(comparison, n)| ModelTest::Compare(comparison, n)),
        2 => proptest::collection::vec(-22..22_i32, 1..6).prop_map(ModelTest::In),
        1 => any::<bool>().prop_map(ModelTest::Null),
    ]
}

impl ModelTest {
    fn passes(&self, kind: ColumnType, value: Option<&Value>) -> bool {
        let order = |n: i32| value.and_then(|value| value.partial_cmp(&literal(kind, n).1));
        match self {
            Self::Null(wanted) => value.is_none() == *wanted,
            Self::In(values) => values.iter().any(|n| order(*n) == Some(Ordering::Equal)),
            Self::Compare(Comparison::Equal, n) => order(*n) == Some(Ordering::Equal),
            Self::Compare(Comparison::NotEqual, n) => value.is_some() && order(*n) != Some(Ordering::Equal),
            Self::Compare(Comparison::Less, n) => order(*n) == Some(Ordering::Less),
            Self::Compare(Comparison::LessOrEqual, n) => order(*n).is_some_and(Ordering::is_le),
            Self::Compare(Comparison::Greater, n) => order(*n) == Some(Ordering::Greater),
            Self::Compare(Comparison::GreaterOrEqual, n) => order(*n).is_some_and(Ordering::is_ge),
        }
    }

    fn test(&self, kind: ColumnType) -> Test {
        match self {
            Self::Null(true) => Test::IsNull,
            Self::Null(false) => Test::IsNotNull,
            Self::In(values) => Test::In(values.iter().map(|n| literal(kind, *n).0).collect()),
            Self::Compare(comparison, n) => Test::Compare(*comparison, literal(kind, *n).0),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_rows_are_those_of_a_naive_filter(
        table in stored(4),
        tests in proptest::collection::vec((any::<prop::sample::Index>(), model_test()), 0..4),
        order in any::<prop::sample::Index>(),
        limit in prop_oneof![Just(u64::MAX), 0..400_u64],
    ) {
        let root = tempfile::tempdir().unwrap();
        let source = table.batch();
        table.write(&path(root.path(), FILE), &source);
        let tests: Vec<(usize, ModelTest)> =
            tests.into_iter().map(|(at, test)| (at.index(table.columns.len()), test)).collect();
        let conditions: Vec<Condition> = tests
            .iter()
            .map(|(at, test)| Condition { column: Stored::name(*at), test: test.test(table.columns[*at].0) })
            .collect();

        let passes = |row: usize| tests.iter().all(|(at, test)| {
            let kind = table.columns[*at].0;
            test.passes(kind, value(source.column(*at), kind, row).as_ref())
        });
        let once: Vec<u32> = (0..table.rows).filter(|row| passes(*row)).map(|row| u32::try_from(row).unwrap()).collect();
        let rows: Vec<u32> =
            once.iter().chain(&once).copied().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
        // Some of the columns, in another order than the file's.
        let columns: Vec<usize> = (0..=order.index(table.columns.len())).rev().collect();
        let expected = take_record_batch(&source.project(&columns).unwrap(), &UInt32Array::from(rows)).unwrap();

        let filter = (!conditions.is_empty()).then_some(Filter { conditions });
        let names = columns.iter().map(|at| Stored::name(*at)).collect();
        let found = scan(root.path(), Wanted { columns: names, filter, limit }).unwrap();
        prop_assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    }
}

fn people() -> Stored {
    Stored {
        columns: ColumnType::ALL.iter().map(|kind| (*kind, true)).collect(),
        rows: 100,
        seed: 1,
        group_rows: 50,
        page_rows: 10,
        codec: 1,
        dictionary: false,
        plain: true,
        version2: false,
        page_index: true,
        bloom_filters: false,
    }
}

fn ask(columns: &[&str], filter: Option<&str>) -> Result<RecordBatch, ReadError> {
    let root = tempfile::tempdir().unwrap();
    people().write(&path(root.path(), FILE), &people().batch());
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    let filter = filter.map(|text| Filter::parse(text).unwrap());
    scan(root.path(), Wanted { columns, filter, limit: u64::MAX })
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_what_is_expected() {
    for (filter, parts) in [
        ("c0 = 1", ["`c0`", "boolean", "true or false"]),
        ("c1 = 'x'", ["`c1`", "int32", "'x'"]),
        ("c1 = 3000000000", ["`c1`", "int32", "2147483647"]),
        ("c1 > 1.5", ["`c1`", "whole number", "1.5"]),
        ("c2 in (1, true)", ["`c2`", "int64", "true"]),
        ("c3 < '1'", ["`c3`", "float64", "'1'"]),
        ("c4 = 7", ["`c4`", "text", "single quotes"]),
        ("c5 = '2019-02-30'", ["`c5`", "date", "'2019-03-31'"]),
        ("c6 = 'yesterday'", ["`c6`", "timestamp", "T09:00:00Z"]),
    ] {
        let Err(ReadError::BadRequest(text)) = ask(&["c0"], Some(filter)) else { panic!("{filter} was answered") };
        assert!(parts.iter().all(|part| text.contains(part)), "{filter}: {text}");
    }
}

#[test]
fn a_column_that_does_not_exist_or_comes_twice_is_refused() {
    for (columns, filter, part) in
        [(vec!["zz"], None, "`zz`"), (vec!["c1", "c1"], None, "twice"), (vec!["c1"], Some("zz = 1"), "`zz`")]
    {
        let Err(ReadError::BadRequest(text)) = ask(&columns, filter) else { panic!("answered") };
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn whole_numbers_may_be_written_as_floats() {
    let found = |filter| ask(&["c1"], Some(filter)).unwrap().num_rows();
    assert_eq!(found("c1 >= 3"), found("c1 >= 3.0"));
    assert_eq!(found("c1 < 10"), found("c1 < 1e1"));
}

#[test]
fn rows_can_be_counted_without_reading_a_column() {
    let found = ask(&[], None).unwrap();
    assert_eq!((found.num_rows(), found.num_columns()), (200, 0));
}

#[test]
fn a_search_that_finds_nothing_pauses_after_every_row_group() {
    let root = tempfile::tempdir().unwrap();
    let table = Stored { rows: 500, group_rows: 50, page_index: false, ..people() };
    table.write(&path(root.path(), FILE), &table.batch());
    let file = Arc::new(opened(&folder(root.path())).unwrap());
    let filter = Some(Filter::parse("c4 != 'x' and c4 in ('값0', '값1') and c3 = 0.123").unwrap());
    let wanted = Wanted { columns: vec!["c4".to_owned()], filter, limit: u64::MAX };
    let batches: Vec<RecordBatch> = Scan::open(&[file], wanted).unwrap().map(Result::unwrap).collect();
    assert!(batches.iter().all(|batch| batch.num_rows() == 0));
    assert_eq!(batches.len(), 10);
}

#[test]
fn pages_that_cannot_match_are_not_read() {
    let root = tempfile::tempdir().unwrap();
    let file = path(root.path(), FILE);
    let table = Stored { rows: 1_000, group_rows: 500, page_rows: 50, ..people() };
    let ids: ArrayRef = Arc::new(arrow::array::Int64Array::from_iter_values(0..1_000));
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let table = Stored { columns: vec![(ColumnType::Int64, false)], ..table };
    table.write(&file, &batch);
    let stored = opened(&folder(root.path())).unwrap();
    let schema = stored.metadata().unwrap().schema().clone();
    let left = |text: &str| -> Vec<(usize, usize)> {
        let predicate = crate::predicate::Predicate::compile(&Filter::parse(text).unwrap(), &schema).unwrap();
        let groups = super::prune::groups(&stored, Some(&predicate), 0..usize::MAX).unwrap();
        groups.iter().map(|group| (group.number, group.selection.as_ref().unwrap().row_count())).collect()
    };
    assert_eq!(left("id = 730"), [(1, 50)]);
    assert_eq!(left("id >= 480 and id < 520"), [(0, 50), (1, 50)]);
    assert_eq!(left("id in (10, 990)"), [(0, 50), (1, 50)]);
    assert_eq!(left("id > 999"), []);
    assert_eq!(left("id is null"), []);
}
