//! Twins of persons with tables of their events: one model and one budget for all tables of a release.

use crate::fixture::{RECIPE, Ward, mrn, rows, texts};
use crate::synthetic::shape;
use crate::twin::{TWIN, measured_twins_of, share, twins_of};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Date32Type, Float64Type};
use mudeung_deid::Measure;
use mudeung_synth::twin::{Rho, cdp_rho};
use std::collections::BTreeSet;
use std::fs;

/// How histories are counted.
pub(crate) const HISTORY: &str = r#"
[twin.patient.history]
classes = ["sex"]
most = 8
norm = 3
gaps = [0, 1, 92, 184, 366]
known = ["visit.pressure"]
time = { source = "a year of visits and half a year around it", domain = { kind = "dates", first = 2020-07-01, last = 2022-06-30, days = 31 } }
"#;

const VISIT: &str = r#"
[twin.visit.columns]
at = { source = "not modelled", domain = { kind = "empty" } }
pressure = { source = "the device", domain = { kind = "range", low = 100, high = 200, bins = 10, step = 5 } }
note = { source = "free text", domain = { kind = "empty" } }
"#;

/// A hospital that releases patients and visits, with a twin of both.
fn ward(twin: &str) -> Ward {
    let ward = Ward::new();
    ward.define("recipe.toml", &format!("{RECIPE}{twin}"));
    ward
}

fn policy() -> String {
    format!("{TWIN}{HISTORY}{VISIT}")
}

#[test]
fn every_released_table_has_a_twin_with_its_schema_and_persons_join() {
    let ward = ward(&policy());
    let (real, twins) = (ward.build().unwrap(), twins_of(&ward, 1).unwrap());
    let manifest = &twins.built.manifest;
    assert_eq!(shape(manifest), shape(&real.manifest));
    for table in ["patient", "visit"] {
        assert_eq!(rows(&real, table).schema(), rows(&twins.built, table).schema(), "{table}");
    }
    let (patients, visits) = (rows(&twins.built, "patient"), rows(&twins.built, "visit"));
    let ids: BTreeSet<String> = texts(&patients, "patient_id").into_iter().collect();
    let visited: BTreeSet<String> = texts(&visits, "patient_id").into_iter().collect();
    assert_eq!(ids.len(), patients.num_rows());
    assert!(visited.is_subset(&ids) && visited.len() * 10 > ids.len() * 9, "{} of {}", visited.len(), ids.len());
    let real_ids = texts(&rows(&real, "patient"), "patient_id");
    assert!(ids.iter().all(|id| !real_ids.contains(id)), "identifiers are drawn anew");
    // Three visits each, four months apart, in pressures that the ward measures.
    let each = visits.num_rows() * 10 / patients.num_rows();
    assert!((25..=35).contains(&each), "{} visits of {}", visits.num_rows(), patients.num_rows());
    let pressures = visits.column_by_name("pressure").unwrap().as_primitive::<Float64Type>().clone();
    assert!(pressures.iter().flatten().all(|value| (100.0..=200.0).contains(&value) && value % 5.0 == 0.0));
    // Those of the ward are from 110 to 160; noise puts a few beside them.
    let near = pressures.iter().flatten().filter(|value| (105.0..=165.0).contains(value)).count();
    assert!(near * 100 > pressures.len() * 95, "{near} of {}", pressures.len());
    assert_eq!(pressures.null_count(), 0);
    let days = visits.column_by_name("day").unwrap().as_primitive::<Date32Type>().clone();
    assert!(days.values().iter().all(|day| (18_444..=19_173).contains(day)));
    assert_eq!(visits.column_by_name("note").unwrap().null_count(), visits.num_rows());
    assert!((share(&texts(&patients, "age"), "[20,40)") - 1.0 / 3.0).abs() < 0.1);
}

#[test]
fn one_budget_is_spent_for_all_tables_and_said_of_each() {
    let ward = ward(&policy());
    let twins = twins_of(&ward, 1).unwrap();
    let [patient, visit] = twins.built.manifest.twins.as_slice() else { panic!("two tables, two twins") };
    let agreed = Rho::at_most(cdp_rho(20.0, 1e-9));
    assert!(Rho::from_units(patient.rho_units) <= agreed && patient.rho_units > agreed.units() / 100 * 99);
    assert_eq!((patient.with.as_deref(), visit.with.as_deref(), visit.rho_units), (None, Some("patient"), 0));
    assert_eq!((visit.table.as_str(), visit.epsilon, visit.delta), ("visit", 20.0, 1e-9));
    let described = twins.built.manifest.generator.as_ref().unwrap();
    let text = fs::read_to_string(twins.built.folder.join(&described.name)).unwrap();
    for number in 0..200 {
        assert!(!text.contains(&mrn(number)), "{number}");
    }
    let again = twins_of(&ward, 1).unwrap().built.manifest;
    assert_eq!(
        (&again.generator, &again.input_sha256),
        (&twins.built.manifest.generator, &twins.built.manifest.input_sha256)
    );
    let hashes = |manifest: &mudeung_wire::manifest::Manifest| -> Vec<String> {
        manifest.tables.iter().flat_map(|table| table.files.iter().map(|file| file.sha256.clone())).collect()
    };
    assert_eq!(hashes(&again), hashes(&twins.built.manifest), "the same seed draws the same rows");
}

#[test]
fn what_is_outside_is_told_of_all_tables_and_persons_who_are_kept_apart_have_no_events() {
    let ward = ward(&policy().replace("low = 100, high = 200, bins = 10", "low = 130, high = 200, bins = 7"));
    let twins = measured_twins_of(&ward, 1, Some(Measure { target: None })).unwrap();
    let [(table, quality)] = twins.quality.as_slice() else { panic!("the table of persons") };
    assert_eq!((table.as_str(), quality.real_rows + quality.held_out_rows), ("patient", 200));
    assert!((5..40).contains(&quality.held_out_rows), "{}", quality.held_out_rows);
    assert!(
        twins.outside.iter().any(|(column, values)| column == "visit.pressure" && *values > 50),
        "{:?}",
        twins.outside
    );
}

#[test]
fn a_policy_that_cannot_hold_is_refused_with_its_place_in_both_languages() {
    let nullable = |schema: &str| {
        schema.replace(
            "name = \"pressure\", type = \"float64\", unit = \"mm[Hg]\", nullable = true",
            "name = \"pressure\", type = \"float64\", unit = \"mm[Hg]\"",
        )
    };
    let untimed = |schema: &str| schema.replace("time = \"day\"\n", "");
    type Change<'a> = &'a dyn Fn(&str) -> String;
    let same: Change<'_> = &|schema: &str| schema.to_owned();
    for (twin, schema, place, reason, korean) in [
        (format!("{TWIN}{VISIT}"), same, "twin.patient.history", "is missing", "어떻게 셀지"),
        (format!("{TWIN}{HISTORY}"), same, "twin.visit", "is missing", "모든 표를"),
        (
            policy().replace("[twin.visit.columns]", "[twin.visit]\nepsilon = 1.0\n[twin.visit.columns]"),
            same,
            "twin.visit.epsilon",
            "one budget",
            "모든 행에 하나",
        ),
        (
            policy().replace("[twin.visit.columns]", "[twin.visit]\nvalue = \"pressure\"\n[twin.visit.columns]"),
            same,
            "twin.visit.value",
            "without `code`",
            "code 없이",
        ),
        (
            policy().replace("[twin.visit.columns]", "[twin.visit]\ncode = \"note\"\n[twin.visit.columns]"),
            same,
            "twin.visit.code",
            "may be null",
            "null일 수 있는",
        ),
        (
            policy().replace("[twin.visit.columns]", "[twin.visit]\ncode = \"sort\"\n[twin.visit.columns]"),
            same,
            "twin.visit.code",
            "not a column that is released",
            "공개하는 열이 아닙니다",
        ),
        (
            policy().replace("[twin.visit.columns]", "[twin.visit]\ncode = \"note\"\n[twin.visit.columns]"),
            same,
            "twin.visit.columns.pressure",
            "beside a code",
            "code 옆의",
        ),
        (policy(), &nullable, "twin.visit.columns.pressure", "never null", "null일 수 없습니다"),
        (policy(), &untimed, "schema.toml: visit.time", "order of events", "차례를"),
        (policy().replace("note = {", "day = {"), same, "twin.visit.columns.day", "history.time", "history.time"),
        (
            policy().replace("note = {", "# note = {"),
            same,
            "twin.visit.columns.note",
            "no domain",
            "값의 범위가 없습니다",
        ),
    ] {
        let ward = ward(&twin);
        ward.define("schema.toml", &schema(crate::fixture::SCHEMA));
        let text = twins_of(&ward, 1).unwrap_err().to_string();
        assert!(text.contains(place) && text.contains(reason) && text.contains(korean), "{place}: {text}");
        assert!(ward.store_is_empty());
    }
    // What only the library sees is told with its column.
    let ward = ward(&policy().replace("visit.pressure", "visit.weight"));
    let text = twins_of(&ward, 1).unwrap_err().to_string();
    assert!(text.contains("twin.patient: known") && text.contains("visit.weight"), "{text}");
}
