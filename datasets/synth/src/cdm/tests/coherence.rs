//! What no person may be, over random seeds and ranges, and what no table may hold: counted, and always zero.

use super::{drawn, fields, floats, model, numbers, texts, whole};
use crate::cdm::course;
use crate::cdm::life::{Life, Place};
use crate::cdm::write::EVENTS_MAX;
use crate::program::kidney;
use crate::program::person::Sex;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Tables and fields that have a primary key under another name than their foreign keys.
fn key_of(table: &str) -> Option<&'static str> {
    fields().into_iter().find(|field| field.table == table && field.key).map(|field| field.name)
}

#[test]
fn tables_refer_to_rows_that_are_there() {
    let mut checked = 0;
    for field in fields() {
        assert!(drawn()[field.table].num_rows() > 0, "{}", field.table);
        if field.key {
            let keys = texts(field.table, field.name);
            assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{} is unique", field.name);
        }
        let Some(of) = &field.of else { continue };
        let Some(key) = key_of(of) else { panic!("{of} has no key") };
        let known: BTreeSet<Option<String>> = texts(of, key).into_iter().collect();
        let named = texts(field.table, field.name).into_iter().filter(Option::is_some);
        for value in named {
            assert!(known.contains(&value), "{}.{}: {value:?}", field.table, field.name);
            checked += 1;
        }
    }
    assert!(checked > 50_000, "{checked}");
}

/// Numbers that the model does not declare as keys: bills, facts, episodes, notes and cohorts.
#[test]
fn what_is_named_by_table_and_number_is_there_too() {
    let ids = |table: &str| whole(table, key_of(table).unwrap()).into_iter().collect::<BTreeSet<i64>>();
    let named = |of: &[(&str, &str)]| -> BTreeMap<String, BTreeSet<i64>> {
        of.iter().map(|(name, table)| ((*name).to_owned(), ids(table))).collect()
    };
    let bills =
        named(&[("Visit", "visit_occurrence"), ("Drug", "drug_exposure"), ("Procedure", "procedure_occurrence")]);
    for (domain, event) in texts("cost", "cost_domain_id").into_iter().zip(whole("cost", "cost_event_id")) {
        assert!(bills[&domain.unwrap()].contains(&event), "{event}");
    }
    assert_eq!(bills.values().map(BTreeSet::len).sum::<usize>(), drawn()["cost"].num_rows(), "one bill for each");
    let periods = ids("payer_plan_period");
    assert!(whole("cost", "payer_plan_period_id").iter().all(|id| periods.contains(id)));
    let names: BTreeMap<i64, String> = whole("concept", "concept_id")
        .into_iter()
        .zip(texts("concept", "concept_code").into_iter().flatten())
        .collect();
    let facts = named(&[("Measurement", "measurement"), ("Specimen", "specimen")]);
    for side in ["1", "2"] {
        let domains = whole("fact_relationship", &format!("domain_concept_id_{side}"));
        for (domain, fact) in domains.into_iter().zip(whole("fact_relationship", &format!("fact_id_{side}"))) {
            assert!(facts[&names[&domain]].contains(&fact), "{fact}");
        }
    }
    let events = named(&[
        ("condition_occurrence.condition_occurrence_id", "condition_occurrence"),
        ("drug_exposure.drug_exposure_id", "drug_exposure"),
        ("procedure_occurrence.procedure_occurrence_id", "procedure_occurrence"),
    ]);
    let episodes = ids("episode");
    let fields = whole("episode_event", "episode_event_field_concept_id");
    let of = whole("episode_event", "event_id").into_iter().zip(whole("episode_event", "episode_id"));
    for (field, (event, episode)) in fields.into_iter().zip(of) {
        assert!(events[&names[&field]].contains(&event) && episodes.contains(&episode), "{event}");
    }
    assert!(numbers("episode", "episode_parent_id").into_iter().flatten().all(|id| episodes.contains(&id)));
    let (notes, visits, persons) = (ids("note"), ids("visit_occurrence"), ids("person"));
    assert!(whole("note_nlp", "note_id").iter().all(|id| notes.contains(id)));
    assert!(whole("note", "note_event_id").iter().all(|id| visits.contains(id)));
    assert!(whole("cohort", "subject_id").iter().all(|id| persons.contains(id)));
}

#[test]
fn everything_happens_while_a_person_is_observed_and_at_its_visit() {
    let bounds = whole("observation_period", "observation_period_start_date")
        .into_iter()
        .zip(whole("observation_period", "observation_period_end_date"));
    let observed: BTreeMap<i64, (i64, i64)> =
        whole("observation_period", "person_id").into_iter().zip(bounds).collect();
    let days =
        whole("visit_occurrence", "visit_start_date").into_iter().zip(whole("visit_occurrence", "visit_end_date"));
    let visits: BTreeMap<i64, (i64, i64)> =
        whole("visit_occurrence", "visit_occurrence_id").into_iter().zip(days).collect();
    let details = whole("visit_detail", "visit_detail_start_date")
        .into_iter()
        .zip(whole("visit_detail", "visit_detail_end_date"));
    let details: BTreeMap<i64, (i64, i64)> =
        whole("visit_detail", "visit_detail_id").into_iter().zip(details).collect();
    let mut checked = 0;
    for field in fields().into_iter().filter(|field| field.kind == "date") {
        let table = drawn()[field.table].clone();
        if table.column_by_name("person_id").is_none() {
            continue;
        }
        let persons = whole(field.table, "person_id");
        let found = arrow::compute::cast(table.column_by_name(field.name).unwrap(), &arrow::datatypes::DataType::Int32);
        let found = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int32Type>(&found.unwrap()).clone();
        let of = |column: &str| table.column_by_name(column).map(|_| numbers(field.table, column));
        let (visit, detail) = (of("visit_occurrence_id"), of("visit_detail_id"));
        let is_first = !field.name.contains("end_date");
        for (row, day) in found.iter().enumerate().filter_map(|(row, day)| Some((row, i64::from(day?)))) {
            let (first, last) = observed[&persons[row]];
            assert!(first <= day && day <= last, "{}.{} {day}", field.table, field.name);
            for (named, days) in [(&visit, &visits), (&detail, &details)] {
                if let Some(id) = named.as_ref().and_then(|named| named[row]).filter(|_| is_first) {
                    let (first, last) = days[&id];
                    assert!(first <= day && day <= last, "{}.{} {day} is not of its visit", field.table, field.name);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 20_000, "{checked}");
    let named = ["condition_occurrence", "drug_exposure", "measurement", "procedure_occurrence", "device_exposure"];
    for table in named {
        assert!(numbers(table, "visit_detail_id").iter().all(Option::is_some), "{table} has a part of a visit");
    }
}

#[test]
fn notes_hold_their_terms_where_they_are_said_to_be_and_no_identifier() {
    let notes: BTreeMap<i64, String> =
        whole("note", "note_id").into_iter().zip(texts("note", "note_text").into_iter().flatten()).collect();
    let terms = texts("note_nlp", "lexical_variant").into_iter().zip(texts("note_nlp", "offset"));
    for (note, (term, offset)) in whole("note_nlp", "note_id").into_iter().zip(terms) {
        let offset: usize = offset.unwrap().parse().unwrap();
        let at: String = notes[&note].chars().skip(offset).collect();
        assert!(at.starts_with(&term.unwrap()), "{}", notes[&note]);
    }
    for text in notes.values() {
        assert!(text.chars().filter(char::is_ascii_digit).count() <= 4, "{text}");
        assert!(!text.contains(['{', '}', '@', '-']), "{text}");
        assert!(text.chars().any(|letter| ('가'..='힣').contains(&letter)));
    }
}

#[test]
fn bills_add_up() {
    let of = |column: &str| floats("cost", column).into_iter().map(Option::unwrap).collect::<Vec<f64>>();
    let (total, payer, patient) = (of("total_charge"), of("paid_by_payer"), of("paid_by_patient"));
    for ((total, payer), patient) in total.into_iter().zip(payer).zip(patient) {
        assert!(total > 0.0 && payer >= 0.0 && patient >= 0.0 && payer + patient == total, "{total} {payer} {patient}");
    }
}

fn violations(life: &Life<'_>) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut must = |holds: bool, rule| {
        if !holds {
            found.push(rule);
        }
    };
    let within = life.first..=life.end;
    must(life.death.is_none_or(|death| death.day == life.end), "records end with death");
    must(
        life.visits.iter().all(|visit| within.contains(&visit.first) && within.contains(&visit.last)),
        "visits lie in it",
    );
    must(life.visits.is_sorted_by_key(|visit| visit.first), "visits are in order");
    for (at, visit) in life.visits.iter().enumerate() {
        must(visit.first <= visit.last, "a visit ends after its start");
        must(visit.place == Place::Hospital || visit.first == visit.last, "one goes home from a clinic");
        must((0..=visit.last - visit.first).contains(&visit.intensive), "intensive care lies in the stay");
        let before = visit.after.map(|before| &life.visits[before]);
        must(
            before.is_none_or(|one| one.place == Place::Emergency && one.first == visit.first),
            "from the emergency room on its day",
        );
        let is_in_bed = |(other_at, other): (usize, &crate::cdm::life::Visit)| {
            let is_way_in = visit.after == Some(other_at);
            other_at != at && !is_way_in && visit.first <= other.last && other.first <= visit.last
        };
        let clash = visit.place == Place::Hospital && life.visits.iter().enumerate().any(is_in_bed);
        must(!clash, "nobody is in two places");
    }
    for one in &life.diagnosed {
        must(one.first <= one.last && within.contains(&one.first) && within.contains(&one.last), "diagnoses lie in it");
        must(one.illness.fits(life.adult.person.sex), "a condition is of its sex");
    }
    for one in &life.prescribed {
        must(one.first <= one.last && within.contains(&one.first) && within.contains(&one.last), "drugs lie in it");
        must(one.last - one.first < one.days, "nobody takes more than the supply");
    }
    let male = life.adult.person.sex == Sex::Male;
    for one in &life.done {
        let visit = &life.visits[one.visit];
        must((visit.first..=visit.last).contains(&one.day), "procedures are done at their visit");
        let prostate = one.procedure.code.contains("prostat");
        must(!prostate || male, "prostates are men's");
        must(one.procedure.code != "delivery" || !male, "women give birth");
    }
    let births: Vec<i32> = life.done.iter().filter(|one| one.procedure.code == "delivery").map(|one| one.day).collect();
    must(births.windows(2).all(|pair| pair[1] - pair[0] > 280), "no birth sooner than after a pregnancy");
    let cancers: BTreeSet<&str> =
        life.diagnosed.iter().filter(|one| one.part.is_some()).map(|one| one.illness.code.as_str()).collect();
    must(cancers.len() <= 1, "one cancer");
    let most = [life.measured.len(), life.prescribed.len() * 2, life.diagnosed.len(), life.visits.len() * 2];
    let bills = life.visits.len() + life.prescribed.len() + life.done.len();
    let most = most.into_iter().chain([bills]).max().and_then(|most| i64::try_from(most).ok());
    must(most.is_some_and(|most| most < EVENTS_MAX), "event numbers do not run into those of the next person");
    found.extend(of_values(life));
    found
}

/// What is measured at one visit.
fn of_values(life: &Life<'_>) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut must = |holds: bool, rule| {
        if !holds {
            found.push(rule);
        }
    };
    for (visit, seen) in life.visits.iter().enumerate() {
        let here: Vec<_> = life.measured.iter().filter(|one| one.visit == visit).collect();
        let of = |code: &str| here.iter().find(|one| one.measurement.code == code).map(|one| one.value);
        let codes: BTreeSet<&str> = here.iter().map(|one| one.measurement.code.as_str()).collect();
        must(codes.len() == here.len(), "a value is measured once at a visit");
        if let (Some(systolic), Some(diastolic)) = (of("8480-6"), of("8462-4")) {
            must(systolic - diastolic >= 14.0, "systolic above diastolic");
        }
        if let (Some(total), Some(hdl), Some(fat), Some(ldl)) =
            (of("2093-3"), of("2085-9"), of("2571-8"), of("13457-7"))
        {
            must(ldl == 5.0 || (total - hdl - fat / 5.0 - ldl).abs() <= 0.51, "LDL is what is left");
        }
        if let (Some(creatinine), Some(filtration)) = (of("2160-0"), of("98979-8")) {
            let age = life.adult.person.age(seen.first);
            let by_equation = kidney::filtration(life.adult.person.sex, age, creatinine);
            must((by_equation.clamp(2.0, 200.0) - filtration).abs() <= 0.51, "filtration is that of the creatinine");
        }
        let needed = here.iter().filter_map(|one| one.specimen);
        let taken = |name: &str| life.taken.iter().filter(|one| one.visit == visit && one.specimen.0 == name).count();
        must(needed.into_iter().all(|name| taken(name) == 1), "a value has one specimen");
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn nobody_contradicts_himself(seed in any::<u64>(), first in 0..1_000_000_u64) {
        for number in first..first + 60 {
            let life = course::draw(model(), seed, number).unwrap();
            prop_assert_eq!(violations(&life), [""; 0], "person {} of seed {}", number, seed);
        }
    }
}

#[test]
fn causes_of_death_agree_with_the_records() {
    let (mut of_cancer, mut in_hospital, mut dead) = (0, 0, 0);
    for number in 0..6_000 {
        let life = course::draw(model(), 8, number).unwrap();
        let Some(death) = life.death else { continue };
        dead += 1;
        let code = death.cause.code.as_str();
        let is_cancer = model().cancers.iter().any(|cancer| cancer.illness.code == code);
        let first = life.first_of(code);
        assert!(!is_cancer || first.is_some_and(|first| first <= death.day), "a cancer is known before it kills");
        let is_chronic = model().chronic.iter().any(|one| one.illness.code == code);
        assert!(!is_chronic || first.is_some(), "{code} of {number} is in the records");
        of_cancer += usize::from(is_cancer);
        let dies_there = |visit: &crate::cdm::life::Visit| visit.place == Place::Hospital && visit.last == death.day;
        in_hospital += usize::from(life.visits.iter().any(dies_there));
    }
    println!("{dead} dead, {of_cancer} of cancer, {in_hospital} in hospital");
    assert!(dead > 120 && of_cancer * 12 > dead && in_hospital * 3 > dead, "{dead} {of_cancer} {in_hospital}");
}
