//! Library tables, OMOP tables and FHIR bundles say the same of every patient.

use super::{generator, rows};
use crate::program::calendar::iso;
use crate::{Amount, Generator};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Int64Type};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the three forms must agree on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Told {
    t: Vec<String>,
    n: Vec<String>,
    m: Vec<String>,
    group: Vec<String>,
    stage: Vec<String>,
    histology: Vec<String>,
    diagnosed: Vec<String>,
    died: Vec<String>,
    /// Name and first day.
    treatments: Vec<(String, String)>,
    recurred: Vec<String>,
}

type Everyone = BTreeMap<i64, Told>;

fn cell(batch: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let array = batch.column_by_name(column).unwrap();
    if array.is_null(row) {
        return None;
    }
    if let Some(texts) = array.as_string_opt::<i32>() {
        return Some(texts.value(row).to_owned());
    }
    if let Some(dates) = array.as_primitive_opt::<Date32Type>() {
        return Some(iso(dates.value(row)));
    }
    Some(array.as_primitive::<Int64Type>().value(row).to_string())
}

/// Calls back with the person and the cells of each row.
fn each(
    generator: &Generator,
    of: (&str, &str, Amount, u64),
    columns: &[&str],
    mut tell: impl FnMut(i64, &[Option<String>]),
) {
    let (table, person, amount, seed) = of;
    let batch = rows(generator, table, amount, seed);
    let persons = batch.column_by_name(person).unwrap().as_primitive::<Int64Type>();
    for row in 0..batch.num_rows() {
        let cells: Vec<Option<String>> = columns.iter().map(|column| cell(&batch, column, row)).collect();
        tell(persons.value(row), &cells);
    }
}

fn library(generator: &Generator, amount: Amount, seed: u64) -> Everyone {
    let mut everyone = Everyone::new();
    let columns = ["t", "n", "m", "ajcc8_group", "summary_stage", "histology", "diagnosis_date"];
    each(generator, ("diagnosis", "patient_id", amount, seed), &columns, |person, cells| {
        let told = everyone.entry(person).or_default();
        let lists = [
            &mut told.t,
            &mut told.n,
            &mut told.m,
            &mut told.group,
            &mut told.stage,
            &mut told.histology,
            &mut told.diagnosed,
        ];
        lists.into_iter().zip(cells).for_each(|(list, cell)| list.extend(cell.clone()));
    });
    each(generator, ("treatment", "patient_id", amount, seed), &["name", "start_date"], |person, cells| {
        let treatment = (cells[0].clone().unwrap(), cells[1].clone().unwrap());
        everyone.get_mut(&person).unwrap().treatments.push(treatment);
    });
    each(generator, ("follow_up", "patient_id", amount, seed), &["death_date", "recurrence_date"], |person, cells| {
        let told = everyone.get_mut(&person).unwrap();
        told.died.extend(cells[0].clone());
        told.recurred.extend(cells[1].clone());
    });
    everyone
}

fn omop(generator: &Generator, amount: Amount, seed: u64) -> Everyone {
    let mut everyone = Everyone::new();
    let mut concepts = BTreeMap::new();
    let whole = rows(generator, "concept", Amount::Persons(1), seed);
    for row in 0..whole.num_rows() {
        let name = cell(&whole, "concept_name", row).unwrap();
        concepts.insert(cell(&whole, "concept_id", row).unwrap(), (name, cell(&whole, "concept_code", row).unwrap()));
    }
    let named = |id: &Option<String>| concepts[id.as_ref().unwrap()].clone();
    let columns = ["condition_start_date", "condition_occurrence_id"];
    each(generator, ("condition_occurrence", "person_id", amount, seed), &columns, |person, cells| {
        if cells[1].as_ref().unwrap().ends_with('0') {
            everyone.entry(person).or_default().diagnosed.extend(cells[0].clone());
        }
    });
    let columns = ["measurement_concept_id", "value_as_concept_id", "value_source_value"];
    each(generator, ("measurement", "person_id", amount, seed), &columns, |person, cells| {
        let told = everyone.get_mut(&person).unwrap();
        let list = match named(&cells[0]).1.as_str() {
            "t" => &mut told.t,
            "n" => &mut told.n,
            "m" => &mut told.m,
            "group" => &mut told.group,
            "summary" => &mut told.stage,
            "histology" => &mut told.histology,
            _ => return,
        };
        // The concept and the text must say the same.
        let code = named(&cells[1]).1;
        assert_eq!(code.strip_prefix("group ").unwrap_or(&code), cells[2].as_ref().unwrap());
        list.extend(cells[2].clone());
    });
    for (table, concept, date) in [
        ("procedure_occurrence", "procedure_concept_id", "procedure_date"),
        ("drug_exposure", "drug_concept_id", "drug_exposure_start_date"),
    ] {
        each(generator, (table, "person_id", amount, seed), &[concept, date], |person, cells| {
            let treatment = (named(&cells[0]).0, cells[1].clone().unwrap());
            everyone.get_mut(&person).unwrap().treatments.push(treatment);
        });
    }
    each(generator, ("death", "person_id", amount, seed), &["death_date"], |person, cells| {
        everyone.get_mut(&person).unwrap().died.extend(cells[0].clone());
    });
    let columns = ["observation_concept_id", "observation_date"];
    each(generator, ("observation", "person_id", amount, seed), &columns, |person, cells| {
        if ["recurrence", "progression"].contains(&named(&cells[0]).1.as_str()) {
            everyone.get_mut(&person).unwrap().recurred.extend(cells[1].clone());
        }
    });
    everyone
}

fn fhir(generator: &Generator, persons: std::ops::Range<u64>, seed: u64) -> Everyone {
    let bundles = generator.bundles(persons, seed).unwrap();
    bundles.map(|line| told(&serde_json::from_str(&line).unwrap())).collect()
}

fn told(bundle: &Value) -> (i64, Told) {
    let (mut person, mut told) = (0, Told::default());
    let entries = bundle["entry"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for resource in entries.iter().map(|entry| &entry["resource"]) {
        let profile = text(&resource["meta"]["profile"][0]);
        let value = || text(&resource["valueCodeableConcept"]["text"]);
        match profile.rsplit('/').next().unwrap() {
            "mcode-cancer-patient" => {
                person = text(&resource["identifier"][0]["value"]).parse().unwrap();
                told.died.extend(resource["deceasedDateTime"].as_str().map(str::to_owned));
            }
            "mcode-primary-cancer-condition" => {
                told.diagnosed.push(text(&resource["onsetDateTime"]));
                let histology = &resource["extension"][0]["valueCodeableConcept"]["coding"][0]["code"];
                told.histology.push(text(histology));
                assert_eq!(resource["stage"].as_array().unwrap().len(), 1);
            }
            "mcode-tnm-primary-tumor-category" => told.t.push(value()),
            "mcode-tnm-regional-nodes-category" => told.n.push(value()),
            "mcode-tnm-distant-metastases-category" => told.m.push(value()),
            "mcode-tnm-stage-group" => told.group.push(value()),
            "mcode-cancer-stage" => told.stage.push(value()),
            "mcode-cancer-related-surgical-procedure" => {
                told.treatments.push((text(&resource["code"]["text"]), text(&resource["performedDateTime"])));
            }
            "mcode-radiotherapy-course-summary" => {
                let name = "External beam radiotherapy".to_owned();
                told.treatments.push((name, text(&resource["performedPeriod"]["start"])));
            }
            "mcode-cancer-related-medication-administration" => {
                let name = text(&resource["medicationCodeableConcept"]["text"]);
                told.treatments.push((name, text(&resource["effectivePeriod"]["start"])));
            }
            "mcode-cancer-disease-status" if ["recurrence", "progression"].contains(&value().as_str()) => {
                told.recurred.push(text(&resource["effectiveDateTime"]));
            }
            _ => {}
        }
    }
    (person, told)
}

fn sorted(mut everyone: Everyone) -> Everyone {
    everyone.values_mut().for_each(|told| told.treatments.sort());
    everyone
}

#[test]
fn the_three_forms_agree_on_every_patient() {
    let generator = generator();
    for (seed, first, persons) in [(1, 0, 600), (20_260_105, 63_000, 500), (u64::MAX, 4_294_967_000, 500), (77, 5, 1)] {
        let amount = Amount::Range { first, persons };
        let library = sorted(library(&generator, amount, seed));
        assert_eq!(library.len(), usize::try_from(persons).unwrap());
        for told in library.values() {
            assert!([&told.t, &told.n, &told.m, &told.histology].iter().all(|list| list.len() == 1), "{told:?}");
        }
        assert_eq!(library, sorted(omop(&generator, amount, seed)));
        assert_eq!(library, sorted(fhir(&generator, first..first + persons, seed)));
    }
}

#[test]
fn events_of_omop_name_visits_episodes_and_conditions_that_are_there() {
    let generator = generator();
    let amount = Amount::Persons(1_000);
    let ids = |table: &str, column: &str| {
        let batch = rows(&generator, table, amount, 4);
        let ids: Vec<i64> =
            batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().iter().flatten().collect();
        ids
    };
    let unique = |table: &str| {
        let mut own = ids(table, &format!("{table}_id"));
        let count = own.len();
        own.sort_unstable();
        own.dedup();
        assert_eq!(own.len(), count, "{table}");
        own
    };
    let (visits, conditions) = (unique("visit_occurrence"), unique("condition_occurrence"));
    for table in ["measurement", "drug_exposure", "procedure_occurrence", "condition_occurrence"] {
        unique(table);
        assert!(ids(table, "visit_occurrence_id").iter().all(|id| visits.binary_search(id).is_ok()), "{table}");
    }
    assert!(ids("measurement", "measurement_event_id").iter().all(|id| conditions.binary_search(id).is_ok()));
    let episodes = unique("episode");
    assert!(ids("episode_event", "episode_id").iter().all(|id| episodes.binary_search(id).is_ok()));
    let mut events = [unique("drug_exposure"), unique("procedure_occurrence"), conditions].concat();
    events.sort_unstable();
    assert!(ids("episode_event", "event_id").iter().all(|id| events.binary_search(id).is_ok()));
}

#[test]
fn every_concept_that_is_named_is_in_the_table_of_concepts() {
    let generator = generator();
    let batch = rows(&generator, "concept", Amount::Persons(1), 1);
    let known: Vec<i64> = batch.column_by_name("concept_id").unwrap().as_primitive::<Int64Type>().values().to_vec();
    assert!(known.iter().all(|id| *id < i64::from(i32::MAX)));
    for (table, schema) in generator.tables() {
        let named = schema.fields().iter().filter(|field| field.name().ends_with("concept_id"));
        let columns: Vec<&str> = named.map(|field| field.name().as_str()).collect();
        let batch = rows(&generator, table, Amount::Persons(1_000), 1);
        for column in columns {
            let ids = batch.column_by_name(column).unwrap().as_primitive::<Int64Type>();
            assert!(ids.iter().flatten().all(|id| known.contains(&id)), "{table}.{column}");
            let is_mapped = column == "ethnicity_concept_id" || table == "concept";
            assert!(is_mapped || ids.iter().flatten().all(|id| id != 0), "{table}.{column}");
        }
    }
}
