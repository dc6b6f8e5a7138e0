//! Persons who withdrew: the next version is as if they had never been in the raw tables.

use crate::fixture::{Ward, hashes, mrn, patients, visits};
use mudeung_deid::CurateError;
use mudeung_deid::report::REPORT;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_version_without_persons_is_that_of_tables_that_never_had_them(
        gone in prop::collection::btree_set(0_u32..200, 1..30),
    ) {
        let ward = Ward::new();
        let list: String = gone.iter().map(|number| format!(" {}\r\n\n", mrn(*number))).collect();
        let without = ward.build_without(list + "MRN-999999\n").unwrap();
        let other = Ward::new();
        let left: BTreeSet<u32> = (0..200).filter(|number| !gone.contains(number)).collect();
        other.input("patient.csv", patients(left.iter().copied()));
        other.input("visit.csv", visits(left.iter().copied()));
        let never = other.build().unwrap();
        prop_assert_eq!(hashes(&without), hashes(&never));
        let (report, of_never) = (without.report.unwrap(), never.report.unwrap());
        prop_assert_eq!(&report.risk, &of_never.risk);
        let count = u64::try_from(gone.len()).unwrap();
        let told = report.withdrawals.unwrap();
        prop_assert_eq!((told.listed, told.found), (count + 1, count));
        for (table, rows) in report.tables.iter().zip([count, 3 * count]) {
            prop_assert_eq!(table.withdrawn_rows, rows);
            prop_assert_eq!(table.rows_in, table.rows_out + table.suppressed_rows + table.withdrawn_rows);
        }
        prop_assert_eq!(of_never.withdrawals, None);
    }
}

#[test]
fn the_list_of_those_who_withdrew_is_in_no_output() {
    let ward = Ward::new();
    let built = ward.build_without(format!("{}\n{}\n", mrn(7), mrn(9))).unwrap();
    let report = built.report.as_ref().unwrap();
    assert!(
        report.to_text().contains("Withdrew (철회한 환자): 2, of whom 2 are in the raw table and in no released one")
    );
    let page = report.to_html().unwrap();
    assert!(page.contains("Withdrew (listed / in the raw table)") && page.contains("철회한 환자의 행"));
    let mut files = vec![built.folder.join("manifest.json"), built.folder.join(REPORT)];
    for table in &built.manifest.tables {
        files.extend(table.files.iter().map(|file| built.folder.join(&table.name).join(&file.name)));
    }
    let mut outputs: Vec<Vec<u8>> = files.into_iter().map(|file| fs::read(file).unwrap()).collect();
    outputs.push(page.into_bytes());
    for bytes in outputs {
        assert!(!bytes.windows(4).any(|window| window == b"MRN-"));
    }
}

#[test]
fn the_identifier_of_one_who_withdrew_is_found_where_it_hides_in_the_row_of_another() {
    let ward = Ward::new();
    ward.input("visit.csv", visits(0..200).replacen(",fine\n", &format!(",{}\n", mrn(150)), 1));
    let error = ward.build_without(mrn(150)).unwrap_err();
    assert!(matches!(error, CurateError::Canary { .. }) && ward.store_is_empty(), "{error}");
}

#[test]
fn a_list_that_is_no_text_stops_the_build() {
    let ward = Ward::new();
    let error = ward.build_without(b"MRN-000001\n\xff\n").unwrap_err();
    assert!(error.to_string().contains("withdrawn.txt: cannot be read") && error.is_input(), "{error}");
    assert_eq!(ward.build_without(b"").unwrap().report.unwrap().withdrawals, None);
}
