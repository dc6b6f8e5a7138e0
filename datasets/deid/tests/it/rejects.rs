//! Rows that cannot be read: refused, or left out within a share, and then every row that came in is accounted for.

use crate::fixture::{RECIPE, SCHEMA, Ward, mrn, patients, visits};
use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use mudeung_deid::CurateError;
use mudeung_deid::build::Step;
use mudeung_deid::report::Report;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use std::fs;
use std::sync::Arc;

/// A value that fits no column but texts.
const DAMAGE: &str = "d4m4g3";

fn allowing(share: &str) -> String {
    format!("{RECIPE}[rejects]\nat_most = {share}\n").replace("max_suppressed = 0.05", "max_suppressed = 1.0")
}

/// Damages cells of a table, each by its row from 0 and its column; a column beyond the last cuts the row off.
fn damaged(text: &str, cells: &[(usize, usize)]) -> String {
    let mut lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let rows = lines.len() - 1;
    for (row, column) in cells {
        let line = &mut lines[1 + row % rows];
        if *column >= line.len() {
            line.truncate(2);
        } else {
            line[*column] = DAMAGE;
        }
    }
    lines.iter().map(|line| line.join(",") + "\n").collect()
}

/// How many rows of that table cannot be read, by looking at them: these columns take no text.
fn unreadable(text: &str, typed: &[usize]) -> u64 {
    let cannot = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        cells.len() != 5 || typed.iter().any(|column| cells[*column] == DAMAGE)
    };
    u64::try_from(text.lines().skip(1).filter(|line| cannot(line)).count()).unwrap()
}

fn rejects(ward: &Ward) -> Vec<Vec<String>> {
    let Ok(file) = fs::File::open(ward.path("rejects.csv")) else { return Vec::new() };
    let mut reader = csv::Reader::from_reader(file);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn refused(ward: &Ward) -> Report {
    let error = ward.build().unwrap_err();
    assert!(ward.store_is_empty());
    let CurateError::Gate(report) = error else { panic!("{error}") };
    *report
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_that_came_in_went_out_was_suppressed_is_of_an_unknown_person_or_was_rejected(
        of_patients in prop::collection::vec((0_usize..200, 2_usize..6), 0..12),
        of_visits in prop::collection::vec((0_usize..630, 1_usize..6), 0..40),
    ) {
        let ward = Ward::new();
        ward.define("recipe.toml", &allowing("1.0"));
        let (patients, visits) = (damaged(&patients(0..200), &of_patients), damaged(&visits(0..210), &of_visits));
        ward.input("patient.csv", &patients);
        ward.input("visit.csv", &visits);
        let expected = [(200, unreadable(&patients, &[2, 3])), (630, unreadable(&visits, &[1, 2, 3]))];
        let report = ward.build().unwrap().report.unwrap();
        for (table, (rows, rejected)) in report.tables.iter().zip(expected) {
            prop_assert_eq!((table.rows_in, table.rejected_rows), (rows, rejected), "{}", table.name);
            let accounted =
                table.rows_out + table.suppressed_rows + table.unknown_person_rows + table.rejected_rows;
            prop_assert_eq!(table.rows_in, accounted, "{}", table.name);
        }
        prop_assert_eq!(u64::try_from(rejects(&ward).len()).unwrap(), expected[0].1 + expected[1].1);
        // Without the setting the first such row is an error.
        ward.define("recipe.toml", &allowing("1.0").replace("[rejects]\nat_most = 1.0\n", ""));
        prop_assert_eq!(ward.build().is_err(), expected.iter().any(|(_, rejected)| *rejected > 0));
    }
}

#[test]
fn rejected_rows_are_in_the_hospitals_own_file_with_place_and_value_and_nowhere_else() {
    let ward = Ward::new();
    ward.define("recipe.toml", &allowing("0.01"));
    ward.input("visit.csv", damaged(&visits(0..200), &[(6, 3), (9, 5)]));
    let built = ward.build().unwrap();
    let expected = [
        ["visit", "8", "7", "pressure", "expected float64 (a number), found text of 6 characters", DAMAGE],
        ["visit", "11", "10", "at", "2 of 5 columns", ""],
    ];
    assert_eq!(rejects(&ward), expected);
    let report = built.report.unwrap();
    assert!(
        report.to_text().contains("rows in 600, out 598, of suppressed persons 0, of unknown persons 0, rejected 2")
    );
    let page = report.to_html().unwrap();
    assert!(page.contains("Rows rejected, in any table") && page.contains("읽지 못한 행"), "{page}");
    for told in [report.to_text(), report.to_json(), page] {
        assert!(!told.contains(DAMAGE) && !told.contains("rejects.csv"));
    }
    for file in
        built.manifest.tables.iter().flat_map(|t| t.files.iter().map(|f| built.folder.join(&t.name).join(&f.name)))
    {
        assert!(!fs::read(file).unwrap().windows(DAMAGE.len()).any(|window| window == DAMAGE.as_bytes()));
    }
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(ward.path("rejects.csv")).unwrap().permissions()) & 0o777,
        0o600
    );
}

#[test]
fn the_gate_refuses_above_the_share_in_both_languages_and_the_file_says_what_to_mend() {
    let ward = Ward::new();
    ward.define("recipe.toml", &allowing("0.01"));
    let cells: Vec<(usize, usize)> = (0..7).map(|row| (row * 10, 3)).collect();
    ward.input("visit.csv", damaged(&visits(0..200), &cells));
    let report = refused(&ward);
    assert!(!report.passed && report.tables[1].rejected_rows == 7);
    let told = report.to_text();
    assert!(told.contains("rejects.at_most: visit: 7 of 600 rows (1.17 %) cannot be read; 1 % are allowed."), "{told}");
    assert!(told.contains("읽을 수 없습니다"), "{told}");
    assert_eq!(rejects(&ward).len(), 7);
    // Six are exactly the share that is allowed.
    ward.input("visit.csv", damaged(&visits(0..200), &cells[1..]));
    assert_eq!(ward.build().unwrap().report.unwrap().tables[1].rejected_rows, 6);
    assert_eq!(rejects(&ward).len(), 6, "the file is made anew");
}

#[test]
fn too_many_rejected_persons_are_refused_before_anything_is_written() {
    let ward = Ward::new();
    ward.define("recipe.toml", &allowing("0.01"));
    ward.input("patient.csv", damaged(&patients(0..200), &[(1, 2), (2, 3), (3, 5)]));
    let mut steps = Vec::new();
    let error = ward.build_into(&ward.path("rejects.csv"), &mut |progress| steps.push(progress.step)).unwrap_err();
    assert!(matches!(error, CurateError::Gate(_)) && ward.store_is_empty(), "{error}");
    assert!(error.to_string().contains("rejects.at_most: patient: 3 of 200 rows"), "{error}");
    assert!(!steps.contains(&Step::Write), "{steps:?}");
    assert_eq!(rejects(&ward).len(), 3);
}

#[test]
fn rows_of_parquet_files_are_rejected_too() {
    let ward = Ward::new();
    ward.define("schema.toml", &SCHEMA.replace("patient.csv", "patient.parquet"));
    ward.define("recipe.toml", &allowing("0.02"));
    let numbers = || 0_u32..200;
    let columns: [(&str, ArrayRef); 5] = [
        ("mrn", Arc::new(numbers().map(|n| (n != 5).then(|| mrn(n))).collect::<StringArray>())),
        ("name", Arc::new(numbers().map(|n| Some(format!("Person {n}"))).collect::<StringArray>())),
        ("birth", Arc::new(numbers().map(|_| Some(10_000)).collect::<Date32Array>())),
        (
            "age",
            Arc::new(numbers().map(|n| if n < 2 { 1 << 40 } else { i64::from(20 + n % 60) }).collect::<Int64Array>()),
        ),
        ("sex", Arc::new(numbers().map(|n| Some(if n % 2 == 0 { "male" } else { "female" })).collect::<StringArray>())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    ward.input("patient.parquet", writer.into_inner().unwrap());
    let report = ward.build().unwrap().report.unwrap();
    assert_eq!((report.tables[0].rows_in, report.tables[0].rejected_rows), (200, 3));
    assert_eq!(report.tables[1].unknown_person_rows, 9, "of persons who cannot be read");
    let told: Vec<Vec<String>> = rejects(&ward);
    assert_eq!(
        told[0],
        ["patient", "", "1", "age", "expected int32, found a value that does not fit", "1099511627776"]
    );
    assert_eq!(told[2], ["patient", "", "6", "mrn", "expected text, found nothing", ""]);
}

#[test]
fn the_file_of_rejected_rows_is_never_within_the_store_nor_in_the_place_of_another_file() {
    let ward = Ward::new();
    ward.define("recipe.toml", &allowing("1.0"));
    ward.input("visit.csv", damaged(&visits(0..200), &[(6, 3)]));
    fs::write(ward.path("rejects.csv"), "mrn,name\n").unwrap();
    let told = ward.build().unwrap_err().to_string();
    assert!(told.contains("rejects.csv: is there already and holds no rejected rows"), "{told}");
    assert_eq!(fs::read_to_string(ward.path("rejects.csv")).unwrap(), "mrn,name\n");
    let told = ward.build_into(&ward.path("store/rejects.csv"), &mut |_| {}).unwrap_err().to_string();
    assert!(told.contains("must not lie within the output store") && told.contains("밖에"), "{told}");
    assert!(ward.store_is_empty());
}

#[test]
fn a_share_that_is_none_is_refused() {
    let ward = Ward::new();
    ward.define("recipe.toml", &allowing("1.5"));
    assert!(ward.build().unwrap_err().to_string().contains("recipe.toml: rejects.at_most = 1.5: is not a share"));
}
