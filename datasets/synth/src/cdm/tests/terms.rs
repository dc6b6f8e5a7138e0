//! The vocabulary is closed and its hierarchy whole, and every concept is where its domain belongs.

use super::{drawn, numbers, texts, whole};
use std::collections::{BTreeMap, BTreeSet};

fn present(table: &str, column: &str) -> Vec<String> {
    texts(table, column).into_iter().map(Option::unwrap).collect()
}

fn ancestors() -> BTreeMap<(i64, i64), (i64, i64)> {
    let pairs = whole("concept_ancestor", "ancestor_concept_id")
        .into_iter()
        .zip(whole("concept_ancestor", "descendant_concept_id"));
    let levels = whole("concept_ancestor", "min_levels_of_separation")
        .into_iter()
        .zip(whole("concept_ancestor", "max_levels_of_separation"));
    pairs.zip(levels).collect()
}

#[test]
fn ancestors_are_the_closure_of_the_relations_that_define_them() {
    let defining: BTreeSet<String> = present("relationship", "relationship_id")
        .into_iter()
        .zip(present("relationship", "defines_ancestry"))
        .filter_map(|(id, defines)| (defines == "1").then_some(id))
        .collect();
    let related = whole("concept_relationship", "concept_id_1")
        .into_iter()
        .zip(whole("concept_relationship", "concept_id_2"))
        .zip(present("concept_relationship", "relationship_id"));
    let edges: Vec<(i64, i64)> = related.filter(|(_, id)| defining.contains(id)).map(|(pair, _)| pair).collect();
    // From every concept downwards, the fewest and the most steps to each that is reached.
    let valid = whole("concept", "concept_id").into_iter().zip(texts("concept", "standard_concept"));
    let mut closure: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
    for (top, _) in valid.filter(|(_, standard)| standard.is_some()) {
        let mut level: BTreeSet<i64> = BTreeSet::from([top]);
        for steps in 0.. {
            for reached in &level {
                let known = closure.entry((top, *reached)).or_insert((steps, steps));
                known.1 = steps;
            }
            level = edges.iter().filter(|(above, _)| level.contains(above)).map(|(_, below)| *below).collect();
            if level.is_empty() {
                break;
            }
            assert!(steps < 20, "a circle");
        }
    }
    let found = ancestors();
    assert_eq!(found.len(), drawn()["concept_ancestor"].num_rows(), "no pair twice");
    assert_eq!(found, closure);
    for (above, middle) in found.keys() {
        for ((_, below), _) in found.range((*middle, i64::MIN)..=(*middle, i64::MAX)) {
            assert!(found.contains_key(&(*above, *below)), "{above} {middle} {below}");
        }
    }
    assert!(found.values().any(|(fewest, _)| *fewest >= 3), "there are levels");
}

#[test]
fn every_relation_has_its_reverse() {
    let reverse: BTreeMap<String, String> = present("relationship", "relationship_id")
        .into_iter()
        .zip(present("relationship", "reverse_relationship_id"))
        .collect();
    assert!(reverse.values().all(|id| reverse.contains_key(id)));
    let rows: BTreeSet<(i64, i64, String)> = whole("concept_relationship", "concept_id_1")
        .into_iter()
        .zip(whole("concept_relationship", "concept_id_2"))
        .zip(present("concept_relationship", "relationship_id"))
        .map(|((one, other), id)| (one, other, id))
        .collect();
    assert_eq!(rows.len(), drawn()["concept_relationship"].num_rows());
    assert!(rows.iter().all(|(one, other, id)| rows.contains(&(*other, *one, reverse[id].clone()))));
}

#[test]
fn concepts_that_are_not_surely_known_have_numbers_of_their_own() {
    let vocabularies = present("concept", "vocabulary_id");
    let ids = whole("concept", "concept_id");
    for (id, vocabulary) in ids.iter().zip(&vocabularies) {
        assert_eq!(*id >= 2_000_000_000, vocabulary == "Mudeung", "{id}");
        assert!(*id < i64::from(i32::MAX), "{id}");
    }
    let codes = present("concept", "concept_code").into_iter().zip(present("concept", "concept_class_id"));
    assert_eq!(codes.collect::<BTreeSet<_>>().len(), ids.len(), "a class has a code once");
    for (table, id) in [("domain", "domain_id"), ("vocabulary", "vocabulary_id"), ("concept_class", "concept_class_id")]
    {
        let used: BTreeSet<String> = present("concept", id).into_iter().collect();
        assert_eq!(used, present(table, id).into_iter().collect(), "{table}");
    }
}

#[test]
fn a_code_of_the_source_leads_to_a_standard_concept_and_every_code_is_mapped() {
    let standard: BTreeMap<i64, Option<String>> =
        whole("concept", "concept_id").into_iter().zip(texts("concept", "standard_concept")).collect();
    let targets = whole("source_to_concept_map", "target_concept_id");
    assert!(targets.iter().all(|id| standard[id].as_deref() == Some("S")));
    let mapped: BTreeMap<String, i64> =
        present("source_to_concept_map", "source_code").into_iter().zip(targets).collect();
    for (table, value, concept) in [
        ("condition_occurrence", "condition_source_value", "condition_concept_id"),
        ("drug_exposure", "drug_source_value", "drug_concept_id"),
        ("procedure_occurrence", "procedure_source_value", "procedure_concept_id"),
        ("measurement", "measurement_source_value", "measurement_concept_id"),
    ] {
        for (code, concept) in present(table, value).into_iter().zip(whole(table, concept)) {
            assert_eq!(mapped.get(&code), Some(&concept), "{table}: {code}");
        }
    }
}

/// The domains that the fields want, as DataQualityDashboard has them.
#[test]
fn every_concept_is_standard_and_of_the_domain_of_its_field() {
    let domain: BTreeMap<i64, String> =
        whole("concept", "concept_id").into_iter().zip(present("concept", "domain_id")).collect();
    let standard: BTreeMap<i64, Option<String>> =
        whole("concept", "concept_id").into_iter().zip(texts("concept", "standard_concept")).collect();
    let wanted = [
        ("person", "gender_concept_id", "Gender"),
        ("person", "race_concept_id", "Race"),
        ("visit_occurrence", "visit_concept_id", "Visit"),
        ("visit_detail", "visit_detail_concept_id", "Visit"),
        ("condition_occurrence", "condition_concept_id", "Condition"),
        ("condition_era", "condition_concept_id", "Condition"),
        ("death", "cause_concept_id", "Condition"),
        ("drug_exposure", "drug_concept_id", "Drug"),
        ("drug_exposure", "route_concept_id", "Route"),
        ("drug_era", "drug_concept_id", "Drug"),
        ("dose_era", "unit_concept_id", "Unit"),
        ("procedure_occurrence", "procedure_concept_id", "Procedure"),
        ("device_exposure", "device_concept_id", "Device"),
        ("measurement", "measurement_concept_id", "Measurement"),
        ("measurement", "unit_concept_id", "Unit"),
        ("observation", "observation_concept_id", "Observation"),
        ("specimen", "specimen_concept_id", "Specimen"),
        ("episode", "episode_concept_id", "Episode"),
        ("episode", "episode_object_concept_id", "Condition"),
        ("note_nlp", "note_nlp_concept_id", "Condition"),
        ("provider", "specialty_concept_id", "Provider"),
        ("payer_plan_period", "payer_concept_id", "Payer"),
    ];
    let types = super::fields().into_iter().filter(|field| field.name.ends_with("_type_concept_id"));
    let types: Vec<(&str, &str, &str)> = types.map(|field| (field.table, field.name, "Type Concept")).collect();
    for (table, field, wanted) in wanted.into_iter().chain(types) {
        for id in numbers(table, field).into_iter().flatten() {
            assert_eq!((domain[&id].as_str(), standard[&id].as_deref()), (wanted, Some("S")), "{table}.{field} {id}");
        }
    }
}
