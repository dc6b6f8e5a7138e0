//! What no person may be: counted over random seeds and ranges, and always zero; and the tables refer to each other.

use super::{FIGURES, SCHEMA, lives, model};
use crate::Generator;
use crate::hypertension::home;
use crate::hypertension::life::{Disease, Life, Place};
use crate::hypertension::model::Model;
use crate::program::tests::{refer_to_each_other, schemas};
use std::collections::BTreeMap;

fn violations(model: &Model, life: &Life) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut must = |holds: bool, rule| {
        if !holds {
            found.push(rule);
        }
    };
    let within = model.first_day..=life.end;
    let traits = &life.traits;
    must(traits.person.birth < model.first_day, "adults are born before the first record");
    must(life.death.is_none_or(|death| death.day == life.end), "follow-up ends with death");
    must(life.death.is_some() || life.end == model.last_day, "who lives is followed to the end");
    must(traits.checkup <= life.end && traits.checkup >= model.population.on, "the first check-up is lived to see");
    must(life.visits.iter().all(|visit| within.contains(&visit.day)), "visits lie in the observation");
    must(life.diagnoses.iter().all(|(_, day)| within.contains(day)), "diagnoses lie in the observation");
    must(life.visits.is_sorted_by_key(|visit| visit.day), "visits in order");
    let numbers: i64 = 20 * i64::try_from(life.visits.len()).unwrap();
    must(numbers < 1_000, "event numbers do not run into those of the next person");
    for exposure in &life.exposures {
        must(within.contains(&exposure.start) && within.contains(&exposure.end), "drugs lie in the observation");
        must(exposure.start <= exposure.end, "a drug ends after its start");
        must(!exposure.prescribed || life.visit_on(exposure.start).is_some(), "a prescription has its visit");
        let same = life.exposures.iter().filter(|other| other.drug == exposure.drug && other.start > exposure.start);
        must(same.clone().all(|other| other.start > exposure.end), "one drug is not taken twice at a time");
    }
    let against = model.drugs.classes.len();
    let first_drug = life.exposures.iter().filter(|drug| drug.drug != against).map(|drug| drug.start).min();
    let told = life.diagnoses.iter().find(|(disease, _)| *disease == Disease::Hypertension).map(|(_, day)| *day);
    must(first_drug.is_none_or(|start| told.is_some_and(|told| told <= start)), "drugs after the diagnosis");
    let taken = life.drugs_on(traits.checkup, against);
    let combined = life.exam.combination.and_then(|position| model.drugs_of(position)).map_or(0, <[usize]>::len);
    must(taken == combined, "the first check-up finds the drugs that are taken");
    must(life.exam.combination.is_none() || life.exam.aware, "who is treated knows");
    must(!life.exam.aware || told.is_some_and(|told| told <= traits.checkup), "who knows was told");
    let mut of_disease = BTreeMap::new();
    life.diagnoses.iter().for_each(|(disease, _)| *of_disease.entry(format!("{disease:?}")).or_insert(0) += 1);
    must(of_disease.values().all(|count| *count == 1), "a disease is diagnosed once");
    let first = life.visits.iter().find(|visit| visit.place == Place::Checkup);
    must(first.is_some_and(|visit| visit.mean() == life.exam.mean), "the first check-up is the one examined");
    for visit in &life.visits {
        let plausible = |pair: &super::super::traits::Pair| pair.systolic >= pair.diastolic + 10.0;
        must(visit.readings.iter().all(plausible), "systolic above diastolic");
        must((visit.place == Place::Checkup) <= visit.labs.is_some(), "a check-up has laboratory values");
        if visit.home {
            let week = home::week(model, life, visit.day);
            must(week.is_sorted_by_key(|reading| reading.at), "home readings in order");
            let days = i64::from(visit.day - 7) * 86_400..i64::from(visit.day) * 86_400;
            let day = |at: i64| at / 1_000_000 + 9 * 3_600;
            must(week.iter().all(|reading| days.contains(&day(reading.at))), "home readings in the week before");
        }
    }
    found
}

#[test]
fn no_person_contradicts_himself() {
    let model = model();
    for (seed, first) in [(1, 0), (2, 17_000), (u64::MAX, 1 << 33), (20_260_107, 8_000)] {
        for life in lives(&model, first..first + 2_000, seed) {
            assert_eq!(violations(&model, &life), [""; 0], "{life:?}");
        }
    }
}

#[test]
fn tables_refer_to_rows_that_are_there() {
    let generator = Generator::parse(FIGURES, &schemas(SCHEMA)).unwrap();
    refer_to_each_other(&generator, 1_500, &["home_reading"]);
}
