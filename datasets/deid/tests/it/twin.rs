//! Twins of a definition: fitted to everybody's rows, published as a generator, and refused when their promise cannot hold.

use crate::cohort::HISTORY;
use crate::fixture::{GENERATOR, RECIPE, Ward, mrn, rows, texts};
use crate::synthetic::shape;
use arrow::array::Array;
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_deid::{BuildTwins, BuiltTwins, CurateError, Measure, build_twins};
use mudeung_synth::twin::{Rho, cdp_rho};
use mudeung_synth::{Amount, Generator};
use std::fs;

pub(crate) const TWIN: &str = r#"
[twin.patient]
mechanism = "mst"
epsilon = 20.0
delta = 1e-9
[twin.patient.columns]
birth = { source = "adults", domain = { kind = "dates", first = 1930-01-01, last = 2009-12-31, days = 3653 } }
age = { source = "adults", domain = { kind = "values", values = ["[20,40)", "[40,60)", "[60,80)"], other = "[60,80)" } }
sex = { source = "form", domain = { kind = "values", values = ["female", "male", "other"] } }
"#;

/// Always the same bytes.
struct Repeated(u8);

impl Entropy for Repeated {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

/// A hospital that releases its patients alone.
fn ward(recipe: &str, twin: &str) -> Ward {
    let ward = Ward::new();
    let (before, rest) = recipe.split_once("[columns.visit]").unwrap();
    let privacy = &rest[rest.find("[privacy]").unwrap()..];
    ward.define("recipe.toml", &format!("{before}{privacy}{twin}"));
    ward.define("generator.toml", GENERATOR.split_once("[tables.visit]").unwrap().0);
    ward
}

pub(crate) fn twins_of(ward: &Ward, entropy: u8) -> Result<BuiltTwins, CurateError> {
    measured_twins_of(ward, entropy, None)
}

pub(crate) fn measured_twins_of(
    ward: &Ward,
    entropy: u8,
    measure: Option<Measure<'_>>,
) -> Result<BuiltTwins, CurateError> {
    build_twins(BuildTwins {
        definition_dir: &ward.path("definition"),
        input_dir: &ward.path("input"),
        store_root: &ward.path("store"),
        key: &ward.key,
        entropy: &Repeated(entropy),
        seed: None,
        measure,
        number: None,
        created_at: Timestamp::from_seconds(1_800_000_000),
        progress: &mut |_| {},
    })
}

pub(crate) fn share(values: &[String], value: &str) -> f64 {
    let count = |wanted: &dyn Fn(&&String) -> bool| u32::try_from(values.iter().filter(wanted).count()).unwrap();
    f64::from(count(&|it| it.as_str() == value)) / f64::from(count(&|_| true))
}

#[test]
fn a_twin_has_the_schema_of_the_released_table_and_the_shares_of_the_raw_one() {
    let ward = ward(RECIPE, TWIN);
    let real = ward.build().unwrap();
    let twins = twins_of(&ward, 1).unwrap();
    let (twin, manifest) = (rows(&twins.built, "patient"), &twins.built.manifest);
    assert_eq!(shape(manifest), shape(&real.manifest));
    assert_eq!(twin.schema(), rows(&real, "patient").schema());
    assert!(manifest.risk.is_none() && manifest.tier == "synthetic");
    assert!((150..250).contains(&twin.num_rows()), "{}", twin.num_rows());
    let ages = texts(&twin, "age");
    for class in ["[20,40)", "[40,60)", "[60,80)"] {
        assert!((share(&ages, class) - 1.0 / 3.0).abs() < 0.1, "{class}");
    }
    assert_eq!(share(&texts(&twin, "sex"), "other") + share(&texts(&twin, "sex"), ""), 0.0);
    let (real_ids, twin_ids) = (texts(&rows(&real, "patient"), "patient_id"), texts(&twin, "patient_id"));
    assert!(twin_ids.iter().all(|id| !real_ids.contains(id) && !id.starts_with("MRN")), "identifiers are drawn anew");
    assert_eq!(twin.column_by_name("age").unwrap().null_count(), 0);
}

#[test]
fn a_twin_is_published_with_what_it_cost_and_more_of_it_can_be_drawn() {
    let ward = ward(RECIPE, TWIN);
    let twins = twins_of(&ward, 1).unwrap();
    let [twin] = twins.built.manifest.twins.as_slice() else { panic!("one table, one twin") };
    assert_eq!((twin.table.as_str(), twin.mechanism.as_str(), twin.epsilon), ("patient", "mst", 20.0));
    let agreed = Rho::at_most(cdp_rho(20.0, 1e-9));
    assert!(Rho::from_units(twin.rho_units) <= agreed && twin.rho_units > agreed.units() / 100 * 99);
    let described = twins.built.manifest.generator.as_ref().unwrap();
    let text = fs::read_to_string(twins.built.folder.join(&described.name)).unwrap();
    let stored = rows(&twins.built, "patient");
    let generator = Generator::parse(&text, &[("patient".to_owned(), stored.schema())]).unwrap();
    let again = generator.generate("patient", Amount::Rows(u64::try_from(stored.num_rows()).unwrap()), 3).unwrap();
    let again: Vec<_> = again.map(Result::unwrap).collect();
    let again = arrow::compute::concat_batches(&stored.schema(), &again).unwrap();
    let sexes = |batch: &arrow::array::RecordBatch| {
        let mut sexes = texts(batch, "sex");
        sexes.sort();
        sexes
    };
    assert_eq!(sexes(&again), sexes(&stored), "the stored rows are those of the definition's seed");
    for number in 0..200 {
        assert!(!text.contains(&mrn(number)) && !text.contains(&format!("Person {number}")));
    }
}

#[test]
fn everybody_counts_also_those_whom_the_release_leaves_out() {
    let ward = ward(RECIPE, &TWIN.replace("epsilon = 20.0", "epsilon = 100.0"));
    let mut patients = crate::fixture::patients(0..200);
    for number in 200..204 {
        patients.push_str(&format!("{},Person {number},01/03/1980,41,other\n", mrn(number)));
    }
    ward.input("patient.csv", patients);
    let real = ward.build().unwrap();
    assert_eq!(share(&texts(&rows(&real, "patient"), "sex"), "other"), 0.0, "fewer than k");
    let twin = rows(&twins_of(&ward, 1).unwrap().built, "patient");
    let others = texts(&twin, "sex").iter().filter(|sex| *sex == "other").count();
    assert!((1..10).contains(&others), "{others}");
}

#[test]
fn the_noise_is_what_the_entropy_says_and_values_outside_a_domain_are_told_to_the_hospital() {
    let ward = ward(RECIPE, &TWIN.replace("\"[20,40)\", ", "").replace("epsilon = 20.0", "epsilon = 1.0"));
    let (one, same, other) = (twins_of(&ward, 1).unwrap(), twins_of(&ward, 1).unwrap(), twins_of(&ward, 2).unwrap());
    let model = |twins: &BuiltTwins| twins.built.manifest.generator.as_ref().unwrap().sha256.clone();
    assert_eq!(model(&one), model(&same));
    // Nothing of the version is a function of the raw files alone: not even a hash, against which rows could be tried.
    assert_eq!(one.built.manifest.input_sha256, same.built.manifest.input_sha256);
    assert_ne!(one.built.manifest.input_sha256, other.built.manifest.input_sha256);
    assert_ne!(model(&one), model(&other));
    assert_eq!(other.built.manifest.version, 3);
    let young = (0..200).filter(|number| number % 60 < 20).count();
    assert_eq!(one.outside, [("patient.age".to_owned(), u64::try_from(young).unwrap())]);
}

#[test]
fn a_twin_whose_promise_cannot_hold_is_refused_with_its_place_in_both_languages() {
    let refusal = |recipe: &str, twin: &str| {
        let ward = ward(recipe, twin);
        let text = twins_of(&ward, 1).unwrap_err().to_string();
        assert!(ward.store_is_empty());
        text
    };
    let searched = RECIPE.replace("do = \"generalise\", width = 20", "do = \"search\", widths = [10, 20]");
    for (recipe, twin, place, reason, korean) in [
        (RECIPE, "", "recipe.toml:", "has no section [twin]", "[twin]이 없습니다"),
        (searched.as_str(), TWIN, "twin.patient.columns.age", "no ε covers that", "ε이 이를 보장하지 못합니다"),
        (
            RECIPE,
            &TWIN.replace("\nage =", "\n# age ="),
            "twin.patient.columns.age",
            "says no domain",
            "값의 범위가 없습니다",
        ),
        (
            RECIPE,
            &TWIN.replace("\nage =", "\nname ="),
            "twin.patient.columns.name",
            "not a column that is released",
            "공개하는 열이",
        ),
        (RECIPE, &TWIN.replace("delta = 1e-9", ""), "twin.patient.delta", "is missing", "없습니다"),
        (RECIPE, &TWIN.replace("delta", "code = \"sex\"\ndelta"), "twin.patient.code", "events alone", "사건 표에만"),
        (RECIPE, &format!("{TWIN}{HISTORY}"), "twin.patient.history", "no table of events", "사건 표를 공개하지"),
        (
            RECIPE,
            &TWIN.replace("twin.patient", "twin.visit"),
            "twin.visit",
            "not a table that is released",
            "공개하는 표가",
        ),
        (
            RECIPE,
            &TWIN.replace("twin.patient", "twin.visit"),
            "twin.patient",
            "is missing",
            "쌍둥이는 원본의 모든 표를",
        ),
    ] {
        let text = refusal(recipe, twin);
        assert!(text.contains(place) && text.contains(reason) && text.contains(korean), "{text}");
    }
    let text = refusal(RECIPE, &TWIN.replace("epsilon = 20.0", "epsilon = 0.0"));
    assert!(text.contains("twin.patient") && text.contains("epsilon"), "{text}");
    let text =
        refusal(RECIPE, &TWIN.replace("kind = \"values\", values = [\"female\"", "kind = \"values\", values = [3"));
    assert!(text.contains("twin.patient: column sex"), "{text}");
}

#[test]
fn a_twin_that_is_measured_is_fitted_to_nine_in_ten_and_held_against_the_others() {
    let ward = ward(RECIPE, TWIN);
    let twins = measured_twins_of(&ward, 1, Some(Measure { target: Some("age") })).unwrap();
    let [(table, quality)] = twins.quality.as_slice() else { panic!("one table") };
    assert_eq!((table.as_str(), quality.real_rows + quality.held_out_rows), ("patient", 200));
    assert!((5..40).contains(&quality.held_out_rows), "{}", quality.held_out_rows);
    let rows = rows(&twins.built, "patient").num_rows();
    assert_eq!(quality.synthetic_rows, rows);
    assert!(rows.abs_diff(quality.real_rows) < 20, "{rows}");
    let again = measured_twins_of(&ward, 2, Some(Measure { target: None })).unwrap();
    assert_eq!(again.quality[0].1.held_out_rows, quality.held_out_rows, "the same persons are kept apart");
    assert!(twins_of(&ward, 1).unwrap().quality.is_empty());
    let text = measured_twins_of(&ward, 1, Some(Measure { target: Some("name") })).unwrap_err().to_string();
    assert!(text.contains("twin.patient: column name"), "{text}");
}
