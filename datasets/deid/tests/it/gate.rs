//! The release gate.

use crate::fixture::{RECIPE, Ward, patients, rows, texts};
use mudeung_deid::CurateError;
use std::collections::HashMap;

#[test]
fn too_fine_a_recipe_is_refused_with_figures_and_a_mend_and_nothing_is_written() {
    let ward = Ward::new();
    ward.define("recipe.toml", &RECIPE.replace("width = 20", "width = 1"));
    ward.define("generator.toml", &crate::fixture::GENERATOR.replace("[20,40)", "[20,21)"));
    let error = ward.build().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("leaves out 200 of 200") || text.contains("all 200"), "{text}");
    assert!(text.contains("patient.age, patient.sex") && text.contains("준식별자"), "{text}");
    let CurateError::Gate(report) = error else { panic!("{text}") };
    assert!(!report.passed && report.to_text().contains("REFUSED"));
    assert!(ward.store_is_empty());
}

#[test]
fn persons_in_small_classes_are_left_out_of_every_table_and_counted() {
    let ward = Ward::new();
    let mut text = patients(0..200);
    // Two men of 90 are alone in their class.
    text.push_str("MRN-900001,Old One,01/03/1930,90,male\nMRN-900002,Old Two,01/03/1930,90,male\n");
    ward.input("patient.csv", text);
    ward.input("visit.csv", crate::fixture::visits(0..200) + "MRN-900001,2021-01-01,,150,\n");
    let built = ward.build().unwrap();
    let risk = built.manifest.risk.as_ref().unwrap();
    assert_eq!((risk.persons, risk.suppressed_persons, risk.k_before), (200, 2, 2));
    assert_eq!(built.manifest.tables[0].suppressed_rows, 2);
    assert_eq!(built.manifest.tables[1].suppressed_rows, 1);
    assert!(!texts(&rows(&built, "patient"), "age").contains(&"[80,100)".to_owned()));
}

#[test]
fn the_figures_are_those_of_a_naive_count_of_what_was_released() {
    let ward = Ward::new();
    let built = ward.build().unwrap();
    let patients = rows(&built, "patient");
    let mut classes = HashMap::<(String, String), u64>::new();
    for class in texts(&patients, "age").into_iter().zip(texts(&patients, "sex")) {
        *classes.entry(class).or_default() += 1;
    }
    let risk = built.manifest.risk.as_ref().unwrap();
    let k = *classes.values().min().unwrap();
    assert_eq!((risk.k, risk.classes), (k, u64::try_from(classes.len()).unwrap()));
    let float = |count: u64| f64::from(u32::try_from(count).unwrap());
    assert!((risk.prosecutor_max - 1.0 / float(k)).abs() < 1e-12);
    assert!((risk.prosecutor_mean - float(risk.classes) / float(risk.persons)).abs() < 1e-12);
    assert_eq!(risk.quasi_identifiers, ["patient.age", "patient.sex"]);
}
