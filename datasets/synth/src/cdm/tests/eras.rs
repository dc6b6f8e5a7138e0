//! Eras are counted again from the tables alone, day by day, by code that knows nothing of the generator.

use super::{drawn, floats, numbers, texts, whole};
use std::collections::{BTreeMap, BTreeSet};

/// Key, first day, last day and number of events.
type Era = (String, i64, i64, i64);

/// Eras of events by key: days are walked, and after more than thirty without one the next begins another.
fn walked(events: &[(String, i64, i64)]) -> Vec<Era> {
    let mut days: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for (key, first, last) in events {
        days.entry(key).or_default().extend(*first..=*last);
    }
    let mut eras: Vec<Era> = Vec::new();
    for (key, days) in days {
        let mut open: Option<(i64, i64)> = None;
        for day in days {
            open = Some(match open {
                Some((first, last)) if day - last <= 30 => (first, day),
                Some((first, last)) => {
                    eras.push((key.to_owned(), first, last, 0));
                    (day, day)
                }
                None => (day, day),
            });
        }
        eras.extend(open.map(|(first, last)| (key.to_owned(), first, last, 0)));
    }
    for era in &mut eras {
        let within = |event: &&(String, i64, i64)| event.0 == era.0 && era.1 <= event.1 && event.1 <= era.2;
        era.3 = i64::try_from(events.iter().filter(within).count()).unwrap();
    }
    eras.sort();
    eras
}

fn written(table: &str, key: Vec<String>, counts: Option<&str>) -> Vec<Era> {
    let (first, last) = (whole(table, &format!("{table}_start_date")), whole(table, &format!("{table}_end_date")));
    let counts = counts.map_or_else(|| vec![0; key.len()], |column| whole(table, column));
    let days = first.into_iter().zip(last).zip(counts);
    let mut eras: Vec<Era> =
        key.into_iter().zip(days).map(|(key, ((first, last), count))| (key, first, last, count)).collect();
    eras.sort();
    eras
}

fn keys(table: &str, concept: &str) -> Vec<String> {
    whole(table, "person_id")
        .into_iter()
        .zip(whole(table, concept))
        .map(|(person, concept)| format!("{person} {concept}"))
        .collect()
}

#[test]
fn condition_eras_are_those_of_the_occurrences() {
    let days = whole("condition_occurrence", "condition_start_date")
        .into_iter()
        .zip(whole("condition_occurrence", "condition_end_date"));
    let keys_of_events = keys("condition_occurrence", "condition_concept_id");
    let events: Vec<(String, i64, i64)> =
        keys_of_events.into_iter().zip(days).map(|(key, (first, last))| (key, first, last)).collect();
    let key = keys("condition_era", "condition_concept_id");
    assert_eq!(written("condition_era", key, Some("condition_occurrence_count")), walked(&events));
}

/// The exposures with an ingredient and its daily dose, by the tables of strengths.
fn exposures() -> Vec<(i64, i64, f64, i64, i64)> {
    let mut of: BTreeMap<i64, Vec<(i64, f64)>> = BTreeMap::new();
    let strengths =
        whole("drug_strength", "drug_concept_id").into_iter().zip(whole("drug_strength", "ingredient_concept_id"));
    for ((drug, ingredient), mg) in strengths.zip(floats("drug_strength", "amount_value")) {
        of.entry(drug).or_default().push((ingredient, mg.unwrap()));
    }
    let ancestors: BTreeSet<(i64, i64)> = whole("concept_ancestor", "ancestor_concept_id")
        .into_iter()
        .zip(whole("concept_ancestor", "descendant_concept_id"))
        .collect();
    let (person, drug) = (whole("drug_exposure", "person_id"), whole("drug_exposure", "drug_concept_id"));
    let first = whole("drug_exposure", "drug_exposure_start_date");
    let last = whole("drug_exposure", "drug_exposure_end_date");
    let (quantity, days) = (floats("drug_exposure", "quantity"), floats_of("drug_exposure", "days_supply"));
    let rows = person.into_iter().zip(drug).zip(first.into_iter().zip(last)).zip(quantity.into_iter().zip(days));
    let mut found = Vec::new();
    for (((person, drug), (first, last)), (quantity, days)) in rows {
        for (ingredient, mg) in &of[&drug] {
            assert!(ancestors.contains(&(*ingredient, drug)), "a drug is below its ingredients");
            found.push((person, *ingredient, mg * quantity.unwrap() / days, first, last));
        }
    }
    found
}

fn floats_of(table: &str, column: &str) -> Vec<f64> {
    whole(table, column).into_iter().map(|number| f64::from(i32::try_from(number).unwrap())).collect()
}

#[test]
fn drug_eras_are_those_of_the_exposures_by_ingredient() {
    let events: Vec<(String, i64, i64)> = exposures()
        .into_iter()
        .map(|(person, ingredient, _, first, last)| (format!("{person} {ingredient}"), first, last))
        .collect();
    let key = keys("drug_era", "drug_concept_id");
    assert_eq!(written("drug_era", key, Some("drug_exposure_count")), walked(&events));
    assert!(whole("drug_era", "gap_days").into_iter().any(|days| days > 1), "somebody comes late");
    let class: BTreeMap<i64, Option<String>> =
        whole("concept", "concept_id").into_iter().zip(texts("concept", "concept_class_id")).collect();
    let ingredients = whole("drug_era", "drug_concept_id");
    assert!(ingredients.iter().all(|id| class[id].as_deref() == Some("Ingredient")));
}

#[test]
fn dose_eras_are_those_of_the_exposures_by_ingredient_and_dose() {
    let key = |person: i64, ingredient: i64, dose: f64| format!("{person} {ingredient} {dose:.6}");
    let events: Vec<(String, i64, i64)> = exposures()
        .into_iter()
        .map(|(person, ingredient, dose, first, last)| (key(person, ingredient, dose), first, last))
        .collect();
    let doses = floats("dose_era", "dose_value");
    let persons = whole("dose_era", "person_id").into_iter().zip(whole("dose_era", "drug_concept_id"));
    let keys = persons.zip(doses).map(|((person, ingredient), dose)| key(person, ingredient, dose.unwrap()));
    let without_counts = |eras: Vec<Era>| eras.into_iter().map(|(key, first, last, _)| (key, first, last));
    let found = written("dose_era", keys.collect(), None);
    assert!(without_counts(found).eq(without_counts(walked(&events))));
}

#[test]
fn cohorts_begin_with_the_first_record_of_their_condition() {
    let conditions = numbers("condition_occurrence", "person_id")
        .into_iter()
        .zip(texts("condition_occurrence", "condition_source_value"));
    let mut first: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for ((person, code), day) in conditions.zip(whole("condition_occurrence", "condition_start_date")) {
        let known = first.entry((person.unwrap(), code.unwrap())).or_insert(day);
        *known = day.min(*known);
    }
    let wanted = super::model().cohorts.iter().zip(1..).flat_map(|((code, _), number)| {
        first.iter().filter(move |((_, known), _)| known == code).map(move |((person, _), day)| (*person, number, *day))
    });
    let members = whole("cohort", "subject_id").into_iter().zip(whole("cohort", "cohort_definition_id"));
    let found = members.zip(whole("cohort", "cohort_start_date")).map(|((person, number), day)| (person, number, day));
    assert_eq!(found.collect::<BTreeSet<_>>(), wanted.collect::<BTreeSet<(i64, i64, i64)>>());
    assert!(drawn()["cohort"].num_rows() > 100);
}
