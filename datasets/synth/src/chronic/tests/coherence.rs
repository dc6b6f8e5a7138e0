//! What no person may be: counted over random seeds and ranges, and always zero; and the tables refer to each other.

use super::{FIGURES, SCHEMA, lives, model};
use crate::Generator;
use crate::chronic::life::{Disease, Life, Place};
use crate::chronic::model::Model;
use crate::chronic::spec::Drug;
use crate::chronic::tables::EVENTS_MAX;
use crate::program::kidney;
use crate::program::tests::{refer_to_each_other, schemas};

fn violations(model: &Model, life: &Life) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut must = |holds: bool, rule| {
        if !holds {
            found.push(rule);
        }
    };
    let within = model.first_day..=life.end;
    let adult = &life.traits.adult;
    must(life.death.is_none_or(|(_, day)| day == life.end), "follow-up ends with death");
    must(life.death.is_some() || life.end == model.last_day, "who lives is followed to the end");
    must(adult.checkup <= life.end && adult.checkup >= model.population.on, "the first check-up is lived to see");
    must(life.visits.iter().all(|visit| within.contains(&visit.day)), "visits lie in the observation");
    must(life.diagnoses.iter().all(|(_, day)| within.contains(day)), "diagnoses lie in the observation");
    must(life.visits.is_sorted_by_key(|visit| visit.day), "visits in order");
    let numbers = 14 * i64::try_from(life.visits.len().max(life.exposures.len() / 3)).unwrap();
    must(numbers < EVENTS_MAX, "event numbers do not run into those of the next person");
    for exposure in &life.exposures {
        must(within.contains(&exposure.start) && within.contains(&exposure.end), "drugs lie in the observation");
        must(exposure.start <= exposure.end, "a drug ends after its start");
        must(!exposure.prescribed || life.visit_on(exposure.start).is_some(), "a prescription has its visit");
        let same = life.exposures.iter().filter(|other| other.drug == exposure.drug && other.start > exposure.start);
        must(same.clone().all(|other| other.start > exposure.end), "one drug is not taken twice at a time");
        let ended = matches!(exposure.drug, Drug::Metformin | Drug::Sglt2);
        must(!ended || life.dialysis.is_none_or(|day| exposure.start < day), "dialysis ends metformin and SGLT2");
    }
    let lowers = |drug: Drug| !matches!(drug, Drug::Acei | Drug::Sglt2 | Drug::Statin);
    let first_drug = life.exposures.iter().filter(|drug| lowers(drug.drug)).map(|drug| drug.start).min();
    let told = life.told(Disease::Diabetes);
    must(first_drug.is_none_or(|start| told.is_some_and(|told| told <= start)), "drugs after the diagnosis");
    must(told.is_none_or(|told| told >= life.traits.onset || !adult.diabetes), "told after the onset");
    let day = adult.checkup;
    let on_day = life.exposures.iter().filter(|drug| drug.start < day && day <= drug.end + 1);
    let mut taken: Vec<Drug> = on_day.map(|drug| drug.drug).filter(|drug| *drug != Drug::Statin).collect();
    taken.sort_unstable();
    must(taken == life.exam.drugs, "the first check-up finds the drugs that are taken");
    must(!life.exam.treated || life.exam.aware, "who is treated knows");
    must(life.exam.aware == told.is_some_and(|told| told <= adult.checkup), "who knows was told");
    // Until the first check-up drugs are those that it finds.
    let is_low = |visit: &&crate::chronic::life::Visit| visit.kidney.is_some_and(|kidney| kidney.egfr < 30.0);
    let clinics = life.visits.iter().filter(|visit| visit.place == Place::Clinic && visit.day > adult.checkup);
    for visit in clinics.filter(is_low) {
        let metformin = |drug: &crate::chronic::life::Exposure| drug.drug == Drug::Metformin && drug.start == visit.day;
        must(!life.exposures.iter().any(metformin), "no metformin at a low filtration");
    }
    must((life.dialysis.is_some()) == life.told(Disease::Failure).is_some(), "dialysis is a diagnosis");
    must(life.eyes.windows(2).all(|pair| pair[1] - pair[0] >= 365), "eyes are examined once a year");
    must(life.eyes.iter().all(|day| life.visit_on(*day).is_some()), "eyes are examined at a visit");
    for visit in &life.visits {
        must((visit.place == Place::Checkup) <= visit.kidney.is_some() || life.dialysis.is_some(), "a check-up tests");
        if let Some(kidney) = visit.kidney {
            must(life.dialysis.is_none_or(|day| visit.day < day), "no filtration on dialysis");
            let (sex, age) = (adult.person.sex, adult.person.age(visit.day));
            let equation = kidney::filtration(sex, age, kidney.creatinine);
            must((kidney.egfr - equation).abs() <= 0.051, "filtration is that of the creatinine");
        }
        if let Some(lipids) = visit.lipids {
            let by_friedewald = lipids.total - lipids.hdl - lipids.triglycerides / 5.0;
            must(lipids.ldl.is_none_or(|ldl| (ldl - by_friedewald).abs() <= 0.51), "LDL is Friedewald's");
        }
    }
    let count = |disease: Disease| life.diagnoses.iter().filter(|(known, _)| *known == disease).count();
    let once = [Disease::Diabetes, Disease::Kidney, Disease::Failure].into_iter().all(|disease| count(disease) <= 1);
    must(once, "a disease is diagnosed once");
    must(life.told(Disease::Failure) >= life.told(Disease::Kidney) || count(Disease::Failure) == 0, "failure after it");
    found
}

#[test]
fn no_person_contradicts_himself() {
    let model = model();
    for (seed, first) in [(1, 0), (2, 17_000), (u64::MAX, 1 << 33), (20_260_107, 8_000)] {
        for life in lives(model, first..first + 3_000, seed) {
            assert_eq!(violations(model, &life), [""; 0], "{life:?}");
        }
    }
}

#[test]
fn tables_refer_to_rows_that_are_there() {
    refer_to_each_other(&Generator::parse(FIGURES, &schemas(SCHEMA)).unwrap(), 1_500, &[]);
}
