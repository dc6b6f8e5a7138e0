//! What a release keeps, and what it does not.

use crate::fixture::{RECIPE, Ward, hashes, mrn, patients, rows, texts, visits};
use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, TimestampMicrosecondType};
use mudeung_core::clock::Timestamp;
use mudeung_deid::build::Step;
use mudeung_deid::{Build, CurateError, ReleaseKey, build};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

#[test]
fn the_same_definition_key_and_input_give_the_same_bytes() {
    let (one, other) = (Ward::new().build().unwrap(), Ward::new().build().unwrap());
    assert_eq!(one.manifest, other.manifest);
    assert!(!hashes(&one).is_empty());
}

#[test]
fn the_order_of_the_input_does_not_show() {
    let (ward, shuffled) = (Ward::new(), Ward::new());
    shuffled.input("patient.csv", patients((0..200).rev()));
    shuffled.input("visit.csv", visits((0..200).map(|number| (number * 77) % 200)));
    let (straight, shuffled) = (ward.build().unwrap(), shuffled.build().unwrap());
    assert_eq!(hashes(&straight), hashes(&shuffled));
    assert_ne!(straight.manifest.input_sha256, shuffled.manifest.input_sha256);
}

#[test]
fn rows_are_sorted_by_pseudonym_then_time() {
    let ward = Ward::new();
    let visits = rows(&ward.build().unwrap(), "visit");
    let order: Vec<_> = texts(&visits, "patient_id").into_iter().zip(texts(&visits, "day")).collect();
    assert!(order.is_sorted());
}

#[test]
fn joins_survive_and_every_patient_keeps_the_visits() {
    let ward = Ward::new();
    let built = ward.build().unwrap();
    let persons: BTreeSet<String> = texts(&rows(&built, "patient"), "patient_id").into_iter().collect();
    let mut visits = BTreeMap::<String, u32>::new();
    texts(&rows(&built, "visit"), "patient_id").into_iter().for_each(|id| *visits.entry(id).or_default() += 1);
    assert_eq!(persons, visits.keys().cloned().collect());
    assert!(visits.values().all(|count| *count == 3));
}

#[test]
fn intervals_and_weekdays_survive_the_shift_while_dates_do_not() {
    let ward = Ward::new();
    let visits = rows(&ward.build().unwrap(), "visit");
    let ids = texts(&visits, "patient_id");
    let days = visits.column_by_name("day").unwrap().as_primitive::<Date32Type>();
    let moments = visits.column_by_name("at").unwrap().as_primitive::<TimestampMicrosecondType>();
    let mut moved = 0;
    for row in (0..visits.num_rows()).step_by(3) {
        assert!(ids[row] == ids[row + 1] && ids[row] == ids[row + 2]);
        // 1 January, May and September of 2021 are 120 and 123 days apart; all visits are on such a triple.
        assert_eq!((days.value(row + 1) - days.value(row), days.value(row + 2) - days.value(row + 1)), (120, 123));
        assert_eq!(moments.value(row), i64::from(days.value(row)) * 86_400_000_000 + 30_600_000_000);
        // Day 18,628 is 1 January 2021; the first visit is at most 27 days later.
        moved += usize::from(!(18_628..=18_655).contains(&days.value(row)));
    }
    assert!(moved > 100, "{moved}");
}

#[test]
fn two_releases_with_different_keys_or_recipients_do_not_link() {
    let ward = Ward::new();
    let ids = |built| texts(&rows(&built, "patient"), "patient_id").into_iter().collect::<BTreeSet<String>>();
    let first = ids(ward.build().unwrap());
    let other_key = ids(ward.build_with(&ReleaseKey::from_bytes([8; 32]), None).unwrap());
    ward.define("recipe.toml", &RECIPE.replace("recipient = \"one\"", "recipient = \"two\""));
    let other_recipient = ids(ward.build().unwrap());
    assert_eq!(first.len(), 200);
    assert!(
        first.is_disjoint(&other_key) && first.is_disjoint(&other_recipient) && other_key.is_disjoint(&other_recipient)
    );
}

#[test]
fn no_raw_identifier_and_no_key_is_in_any_file() {
    let ward = Ward::new();
    let built = ward.build().unwrap();
    let mut files = vec![built.folder.join("manifest.json")];
    for table in &built.manifest.tables {
        files.extend(table.files.iter().map(|file| built.folder.join(&table.name).join(&file.name)));
    }
    for path in files {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"MRN-"), "{}", path.display());
        assert!(!bytes.windows(32).any(|window| window == [7; 32]), "{}", path.display());
    }
    assert!(texts(&rows(&built, "patient"), "patient_id").iter().all(|id| id.len() == 26));
}

#[test]
fn the_canary_stops_an_identifier_that_hides_in_another_column() {
    let ward = Ward::new();
    let leaking = visits(0..200).replacen(",fine\n", &format!(",{}\n", mrn(150)), 1);
    ward.input("visit.csv", leaking);
    match ward.build() {
        Err(CurateError::Canary { table, column, values }) => {
            assert_eq!((table.as_str(), column.as_str(), values), ("visit", "note", 1));
        }
        other => panic!("{other:?}"),
    }
    assert!(ward.store_is_empty());
}

#[test]
fn dropped_and_unlisted_columns_are_absent_and_said_so() {
    let ward = Ward::new();
    ward.define("recipe.toml", &RECIPE.replace("note = { do = \"keep\" }\n", ""));
    ward.define("generator.toml", &crate::fixture::GENERATOR.replace("note = {", "_note = {"));
    let built = ward.build().unwrap();
    let names: Vec<&str> = built.manifest.tables[1].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["patient_id", "day", "at", "pressure"]);
    let report = built.report.unwrap();
    let note = report.tables[1].columns.iter().find(|column| column.name == "note").unwrap();
    assert!(!note.released && !note.listed);
    assert!(report.to_text().contains("not in the recipe"));
}

#[test]
fn a_version_that_exists_is_not_touched_and_the_next_number_is_free() {
    let ward = Ward::new();
    let first = ward.build().unwrap();
    assert_eq!(first.manifest.version, 1);
    assert!(ward.build_with(&ward.key, Some(1)).unwrap_err().to_string().contains("exists already"));
    assert_eq!(ward.build().unwrap().manifest.version, 2);
}

#[test]
fn every_released_column_says_what_was_done_to_it_in_both_languages() {
    let ward = Ward::new();
    let built = ward.build().unwrap();
    for column in built.manifest.tables.iter().flat_map(|table| &table.columns) {
        let note = column.deidentification.as_ref().unwrap();
        assert!(!note.ko.is_empty() && !note.en.is_empty(), "{}", column.name);
    }
}

#[test]
fn rows_of_persons_who_are_not_in_the_person_table_are_left_out_and_counted() {
    let ward = Ward::new();
    ward.input("visit.csv", visits(0..210));
    let built = ward.build().unwrap();
    let table = &built.report.as_ref().unwrap().tables[1];
    assert_eq!((table.rows_in, table.rows_out, table.unknown_person_rows), (630, 600, 30));
}

#[test]
fn a_build_that_dies_at_any_step_leaves_nothing_and_can_be_run_again() {
    let ward = Ward::new();
    for fatal in [Step::Measure, Step::Transform, Step::Write] {
        let died = std::panic::catch_unwind(|| {
            build(Build {
                definition_dir: &ward.path("definition"),
                input_dir: &ward.path("input"),
                store_root: &ward.path("store"),
                key: &ward.key,
                rejects: None,
                without: None,
                number: Some(1),
                created_at: Timestamp::from_seconds(1_800_000_000),
                progress: &mut |progress| assert_ne!(progress.step, fatal, "dies on purpose"),
            })
        });
        assert!(died.is_err() && ward.store_is_empty());
    }
    assert_eq!(ward.build_with(&ward.key, Some(1)).unwrap().manifest.version, 1);
}

#[test]
fn a_table_may_withhold_the_statistics_of_its_files() {
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let ward = Ward::new();
    ward.define("recipe.toml", &format!("{RECIPE}[tables.visit]\nstatistics = \"withhold\"\n"));
    let built = ward.build().unwrap();
    let told = |table: &str| {
        let file = fs::File::open(built.folder.join(table).join("part-00000.parquet")).unwrap();
        let metadata = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().metadata().clone();
        metadata.row_groups().iter().flat_map(|group| group.columns()).any(|chunk| chunk.statistics().is_some())
    };
    assert!(told("patient") && !told("visit"));
    ward.define("recipe.toml", &format!("{RECIPE}[tables.nothing]\nstatistics = \"withhold\"\n"));
    assert!(matches!(ward.build(), Err(CurateError::Definition(_))));
}

#[test]
fn the_manifest_names_the_person_of_each_row_when_that_column_is_released() {
    let ward = Ward::new();
    let persons = |built: &mudeung_deid::Built| -> Vec<Option<String>> {
        built.manifest.tables.iter().map(|table| table.person.clone()).collect()
    };
    let named = Some("patient_id".to_owned());
    assert_eq!(persons(&ward.build().unwrap()), [named.clone(), named]);
}
