//! Counts of persons against a simple model, and the promise about one person.

use crate::fixture::{FILE, Stored, address, folder, path, stored};
use crate::number::to_u64;
use crate::{Engine, EngineOptions};
use arrow::array::{Array, RecordBatch, StringArray, cast::AsArray};
use arrow::datatypes::{Field, Int32Type, Schema};
use mudeung_core::dataset::ColumnType;
use mudeung_core::filter::Filter;
use mudeung_core::reader::{CellsRequest, DatasetReader, ReadError};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}

fn request(dimensions: Vec<Vec<Filter>>, cells_per_person: u32) -> CellsRequest {
    CellsRequest {
        table: address(),
        files: vec![FILE.to_owned()],
        person: "person".to_owned(),
        filter: None,
        dimensions,
        cells_per_person,
        salt: [7; 32],
    }
}

fn count(root: &Path, request: CellsRequest) -> Result<Vec<u64>, ReadError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::open(folder(root), EngineOptions::default()).unwrap();
    runtime.block_on(engine.count_cells(request))
}

/// A table whose first column is a number from -20 to 20, and the person of each row.
fn write(root: &Path, shape: &Stored, persons: &[Option<u8>]) -> RecordBatch {
    let batch = shape.batch();
    let names = persons.iter().map(|person| person.map(|person| format!("p{person}")));
    let people: StringArray = names.collect();
    let mut fields = vec![Field::new("person", people.data_type().clone(), true)];
    fields.extend(batch.schema().fields().iter().map(|field| field.as_ref().clone()));
    let mut columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(people)];
    columns.extend(batch.columns().iter().cloned());
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let mut with_person = shape.clone();
    with_person.columns.insert(0, (ColumnType::Text, true));
    with_person.write(&path(root, FILE), &batch);
    batch
}

fn shapes() -> impl Strategy<Value = (Stored, Vec<Option<u8>>)> {
    stored(1).prop_flat_map(|mut shape| {
        shape.columns = vec![(ColumnType::Int32, true)];
        let persons = proptest::collection::vec(proptest::option::weighted(0.9, 0_u8..12), shape.rows);
        (Just(shape), persons)
    })
}

/// The bins of the tests: below zero, from zero to nine, ten and more.
fn bins() -> Vec<Filter> {
    vec![filter("c0 < 0"), filter("c0 >= 0 and c0 < 10"), filter("c0 >= 10")]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn persons_are_counted_once_in_each_of_their_cells((shape, persons) in shapes()) {
        let root = tempfile::tempdir().unwrap();
        let batch = write(root.path(), &shape, &persons);
        let values = batch.column(1).as_primitive::<Int32Type>();
        let mut model: BTreeMap<usize, BTreeSet<u8>> = BTreeMap::new();
        for (row, person) in persons.iter().enumerate() {
            if let (Some(person), false) = (person, values.is_null(row)) {
                let cell = match values.value(row) { ..0 => 0, 0..10 => 1, _ => 2 };
                model.entry(cell).or_default().insert(*person);
            }
        }
        let expected: Vec<u64> = (0..3).map(|cell| to_u64(model.get(&cell).map_or(0, BTreeSet::len))).collect();
        prop_assert_eq!(count(root.path(), request(vec![bins()], 3)).unwrap(), expected);
        let everybody: BTreeSet<u8> = persons.iter().flatten().copied().collect();
        prop_assert_eq!(count(root.path(), request(Vec::new(), 1)).unwrap(), vec![to_u64(everybody.len())]);
    }

    #[test]
    fn one_person_more_or_less_changes_the_counts_by_no_more_than_promised(
        (shape, persons) in shapes(),
        cells_per_person in 1_u32..3,
        gone in 0_u8..12,
    ) {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &shape, &persons);
        let all = count(root.path(), request(vec![bins()], cells_per_person)).unwrap();
        let without: Vec<Option<u8>> = persons.iter().map(|person| person.filter(|person| *person != gone)).collect();
        let other = tempfile::tempdir().unwrap();
        write(other.path(), &shape, &without);
        let fewer = count(other.path(), request(vec![bins()], cells_per_person)).unwrap();
        let change: u64 = all.iter().zip(&fewer).map(|(one, other)| one.abs_diff(*other)).sum();
        prop_assert!(change <= u64::from(cells_per_person), "{all:?} {fewer:?}");
    }
}

#[test]
fn two_dimensions_run_with_the_last_one_fastest() {
    let root = tempfile::tempdir().unwrap();
    let shape = Stored {
        columns: vec![(ColumnType::Int32, false)],
        rows: 200,
        seed: 5,
        group_rows: 50,
        page_rows: 10,
        codec: 0,
        dictionary: true,
        plain: false,
        version2: false,
        page_index: true,
        bloom_filters: false,
    };
    let persons: Vec<Option<u8>> = (0_u8..200).map(Some).collect();
    let batch = write(root.path(), &shape, &persons);
    let values = batch.column(1).as_primitive::<Int32Type>();
    let signs = vec![filter("c0 < 0"), filter("c0 >= 0")];
    let who = vec![filter("person in ('p0', 'p1', 'p2', 'p3')"), filter("person is not null")];
    let counts = count(root.path(), request(vec![signs, who], 1)).unwrap();
    let model = |negative: bool, first: bool| {
        let of = |row: &usize| (values.value(*row) < 0) == negative && (*row < 4) == first;
        to_u64((0..200_usize).filter(of).count())
    };
    assert_eq!(counts, [model(true, true), model(true, false), model(false, true), model(false, false)]);
    let some = CellsRequest { filter: Some(filter("c0 >= 0")), ..request(Vec::new(), 1) };
    assert_eq!(count(root.path(), some).unwrap(), [to_u64((0..200).filter(|row| values.value(*row) >= 0).count())]);
    let misfit = request(vec![vec![filter("c0 = 'x'")]], 1);
    assert!(matches!(count(root.path(), misfit), Err(ReadError::BadRequest(_))));
}
