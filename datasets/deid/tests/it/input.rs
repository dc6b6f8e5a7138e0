//! Input and definitions that are wrong: each refusal names the place, no refusal tells a patient's value, and nothing
//! is written.

use crate::fixture::{DATASET, RECIPE, SCHEMA, Ward, patients, visits};

/// Builds, and gives what is said about it.
fn refusal(ward: &Ward) -> String {
    let error = ward.build().unwrap_err();
    assert!(ward.store_is_empty());
    assert!(error.is_input(), "{error}");
    error.to_string()
}

fn with_patients(change: impl Fn(String) -> String) -> String {
    let ward = Ward::new();
    ward.input("patient.csv", change(patients(0..200)));
    refusal(&ward)
}

#[test]
fn a_truncated_file_is_refused_by_row_and_column() {
    let text = with_patients(|text| text[..text.rfind(",female").unwrap()].to_owned());
    assert!(text.starts_with("patient.csv:201: row 200 ends before column `sex`: 4 of 5"), "{text}");
}

#[test]
fn a_value_that_does_not_parse_is_refused_without_being_told() {
    let text = with_patients(|text| text.replacen(",20,male", ",twenty,male", 1));
    assert_eq!(text, "patient.csv:2: row 1, column `age`: expected int32 (a whole number), found text of 6 characters");
    let text = with_patients(|text| text.replacen("02/03/1999", "1999-03-02", 1));
    assert!(text.contains("column `birth`: expected a date as %d/%m/%Y, found something like a date"), "{text}");
    let text = with_patients(|text| text.replacen(",21,", ",,", 1));
    assert!(text.contains("row 2, column `age`: expected int32 (a whole number) that is never missing"), "{text}");
}

#[test]
fn a_file_that_is_cut_within_a_quotation_is_refused() {
    let text = with_patients(|text| text + "MRN-1,\"Person");
    assert!(text.contains("ends within a quoted value"), "{text}");
}

#[test]
fn a_row_that_is_too_long_is_refused() {
    let text = with_patients(|text| text.replacen(",male", ",male,extra", 1));
    assert!(text.contains("row 1 has 6 columns, the header has 5"), "{text}");
}

#[test]
fn a_missing_file_a_wrong_header_and_an_empty_file_are_refused() {
    let ward = Ward::new();
    std::fs::remove_file(ward.path("input/visit.csv")).unwrap();
    assert!(refusal(&ward).starts_with("visit.csv: no such file"));
    assert!(with_patients(|text| text.replacen("sex", "gender", 1)).contains("no column `sex`; it has `mrn`, `name`"));
    assert!(with_patients(|text| text.replacen("name", "age", 1)).contains("no column `name`"));
    assert!(with_patients(|text| text.lines().next().unwrap().to_owned()).contains("has no rows"));
    assert!(with_patients(|_| String::new()).contains("no column `mrn`"));
}

#[test]
fn a_second_row_of_one_person_is_refused_by_both_rows() {
    let text = with_patients(|text| text + "MRN-000004,Again,01/03/1999,21,male\n");
    assert!(text.contains("rows 5 and 201 have the same `mrn`"), "{text}");
    assert!(!text.contains("MRN-000004"));
}

#[test]
fn a_corrupt_parquet_file_and_one_of_another_type_are_refused() {
    let ward = Ward::new();
    ward.define("schema.toml", &SCHEMA.replace("visit.csv", "visit.parquet"));
    ward.input("visit.parquet", visits(0..3));
    assert!(refusal(&ward).starts_with("visit.parquet: not a readable Parquet file"));
    let donor = Ward::new();
    let built = donor.build().unwrap();
    let whole = std::fs::read(built.folder.join("visit/part-00000.parquet")).unwrap();
    ward.input("visit.parquet", &whole[..whole.len() / 2]);
    assert!(refusal(&ward).starts_with("visit.parquet: not a readable Parquet file"));
    ward.define(
        "schema.toml",
        &SCHEMA
            .replace("visit.csv", "visit.parquet")
            .replacen(
                "raw = \"mrn\", type = \"text\", description = { ko = \"\", en = \"\" } },\n    { name = \"day\"",
                "type = \"text\", description = { ko = \"\", en = \"\" } },\n    { name = \"day\"",
                1,
            )
            .replace("name = \"pressure\", type = \"float64\"", "name = \"pressure\", type = \"int32\""),
    );
    ward.input("visit.parquet", &whole);
    assert!(refusal(&ward).contains("column `pressure` is Float64, the schema says int32"));
}

#[test]
fn a_recipe_that_names_a_missing_column_is_refused_in_both_languages() {
    let ward = Ward::new();
    ward.define("recipe.toml", &RECIPE.replace("pressure =", "presure ="));
    let text = refusal(&ward);
    assert!(text.contains("recipe.toml: columns.visit.presure: table visit has no column presure."), "{text}");
    assert!(text.contains("It has patient_id, day, at, pressure, note.") && text.contains("없습니다"), "{text}");
}

#[test]
fn terms_of_use_that_are_none_are_refused_in_both_languages() {
    for (said, part) in [
        ("permission = \"ANY\"", "`ANY` is no permission"),
        ("permission = \"DS\"", "DS names its diseases"),
        ("permission = \"GRU\", modifiers = [\"GS-Korea\"]", "`GS-Korea` is no modifier"),
        ("permission = \"GRU\", modifiers = [\"RS\"]", "RS says in `studies`"),
    ] {
        let ward = Ward::new();
        ward.define("dataset.toml", &format!("use = {{ {said} }}\n{DATASET}"));
        let text = refusal(&ward);
        assert!(text.contains("dataset.toml: use") && text.contains(part) && text.contains("이용 조건"), "{text}");
    }
}

#[test]
fn contradictions_in_a_definition_are_all_named_at_once() {
    let ward = Ward::new();
    let recipe = RECIPE
        .replace("role = \"identifier\", do = \"drop\"", "role = \"identifier\", do = \"keep\"")
        .replace("do = \"date_truncate\", part = \"year\"", "do = \"keep\"")
        .replace("do = \"round\", to = 5", "do = \"round\", to = 5, weeks = 3")
        .replace("note = { do = \"keep\" }", "note = { do = \"date_shift\" }")
        .replace("k = 5", "k = 2");
    ward.define("recipe.toml", &recipe);
    let text = refusal(&ward);
    for part in [
        "columns.patient.name",
        "columns.patient.birth",
        "columns.visit.pressure",
        "columns.visit.note",
        "privacy.k = 2",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_tier_without_its_file_is_refused() {
    let ward = Ward::new();
    ward.define("dataset.toml", &DATASET.replace(", \"synthetic\"", ""));
    assert!(refusal(&ward).contains("tiers, generator.toml: do not agree"));
}

#[test]
fn unknown_keys_are_refused_with_file_and_line() {
    let ward = Ward::new();
    ward.define("dataset.toml", &DATASET.replace("licence =", "license ="));
    let text = refusal(&ward);
    assert!(text.contains("dataset.toml:5: unknown field `license`"), "{text}");
    ward.define("dataset.toml", DATASET);
    ward.define("recipe.toml", &RECIPE.replace("weeks = 26", "week = 26"));
    assert!(refusal(&ward).contains("unknown field `week`"));
}
