//! The tables that the program can make, all of OMOP 5.4, and how a life is written into each.

use super::Chronic;
use super::concept::{DIALYSIS, EYES, MEASURED, OTHER_CAUSE, RISKS, icd10};
use super::life::{Cause, Life, Place, Visit as Seen};
use crate::program::adult::tenths;
use crate::program::concept::{self, Class};
use crate::program::event::{Answer, Condition, Death, Exposure, Measured, Period, Procedure, Visit};
use crate::program::omop;
use crate::program::table::{Layout, Sink, Write};

/// Events of a person in one table have numbers from the person's number times this.
pub(crate) const EVENTS_MAX: i64 = 1_000;

pub(crate) const TABLES: &[Layout<Chronic>] = &[
    Layout { name: "person", columns: omop::PERSON, write: Write::Person(person) },
    Layout { name: "observation_period", columns: omop::OBSERVATION_PERIOD, write: Write::Person(observation_period) },
    Layout { name: "visit_occurrence", columns: omop::VISIT_OCCURRENCE, write: Write::Person(visit_occurrence) },
    Layout {
        name: "condition_occurrence",
        columns: omop::CONDITION_OCCURRENCE,
        write: Write::Person(condition_occurrence),
    },
    Layout { name: "drug_exposure", columns: omop::DRUG_EXPOSURE, write: Write::Person(drug_exposure) },
    Layout {
        name: "procedure_occurrence",
        columns: omop::PROCEDURE_OCCURRENCE,
        write: Write::Person(procedure_occurrence),
    },
    Layout { name: "measurement", columns: omop::MEASUREMENT, write: Write::Person(measurement) },
    Layout { name: "observation", columns: omop::OBSERVATION, write: Write::Person(observation) },
    Layout { name: "death", columns: omop::DEATH, write: Write::Person(death) },
    Layout { name: "concept", columns: omop::CONCEPT, write: Write::Once(omop::concepts) },
];

fn id(life: &Life) -> i64 {
    life.traits.adult.person.id()
}

fn event_id(life: &Life, position: usize) -> i64 {
    life.traits.adult.person.event_id(i64::try_from(position).unwrap_or(EVENTS_MAX), EVENTS_MAX)
}

fn visit_on(life: &Life, day: i32) -> Option<i64> {
    life.visit_on(day).map(|position| event_id(life, position))
}

fn person(_: &Chronic, life: &Life, sink: &mut Sink) {
    omop::person(&life.traits.adult.person, sink);
}

fn observation_period(program: &Chronic, life: &Life, sink: &mut Sink) {
    Period { id: event_id(life, 0), person: id(life), first: program.model.first_day, last: life.end }.write(sink);
}

/// Who begins dialysis stays for two weeks, or dies before.
const HOSPITAL_DAYS: i32 = 14;

fn visit_occurrence(_: &Chronic, life: &Life, sink: &mut Sink) {
    for (position, visit) in life.visits.iter().enumerate() {
        let (concept, days, source) = match visit.place {
            Place::Checkup => (concept::OUTPATIENT, 0, "check-up"),
            Place::Recall => (concept::OUTPATIENT, 0, "second visit"),
            Place::Clinic => (concept::OUTPATIENT, 0, "clinic"),
            Place::Hospital => (concept::INPATIENT, HOSPITAL_DAYS, "beginning of dialysis"),
        };
        let last = (visit.day + days).min(life.end);
        Visit { id: event_id(life, position), person: id(life), concept, first: visit.day, last, source }.write(sink);
    }
}

fn condition_occurrence(program: &Chronic, life: &Life, sink: &mut Sink) {
    for (position, (disease, day)) in life.diagnoses.iter().enumerate() {
        let code = icd10(*disease);
        let concept = program.concepts.own(Class::Condition, code);
        let visit = visit_on(life, *day);
        Condition { id: event_id(life, position), person: id(life), concept, day: *day, visit, code }.write(sink);
    }
}

fn drug_exposure(program: &Chronic, life: &Life, sink: &mut Sink) {
    for (position, exposure) in life.exposures.iter().enumerate() {
        let atc = &program.model.drug(exposure.drug).atc;
        Exposure {
            id: event_id(life, position),
            person: id(life),
            concept: program.concepts.own(Class::Substance, atc),
            first: exposure.start,
            last: exposure.end,
            visit: exposure.prescribed.then(|| visit_on(life, exposure.start)).flatten(),
            code: atc,
        }
        .write(sink);
    }
}

fn procedure_occurrence(program: &Chronic, life: &Life, sink: &mut Sink) {
    let eyes = life.eyes.iter().map(|day| (*day, EYES));
    let mut done: Vec<(i32, &str)> = eyes.chain(life.dialysis.map(|day| (day, DIALYSIS))).collect();
    done.sort_unstable();
    for (position, (day, code)) in done.into_iter().enumerate() {
        let concept = program.concepts.own(Class::Procedure, code);
        let (id, person, visit) = (event_id(life, position), id(life), visit_on(life, day));
        Procedure { id, person, concept, day, visit, code }.write(sink);
    }
}

/// The code and the value of everything that is measured at a visit.
fn measured(program: &Chronic, life: &Life, visit: &Seen) -> Vec<(&'static str, f64)> {
    let adult = &life.traits.adult;
    let mut values = Vec::with_capacity(14);
    if let Some(weight) = visit.weight_kg {
        values.push(("29463-7", weight));
        if visit.place == Place::Checkup {
            values.push(("8302-2", adult.height_cm));
            values.push(("39156-5", tenths(weight * 10_000.0 / (adult.height_cm * adult.height_cm))));
        }
    }
    if let Some(sugar) = visit.sugar {
        values.extend([("4548-4", sugar.hba1c), ("1558-6", sugar.glucose)]);
    }
    if let Some(kidney) = visit.kidney {
        values.extend([("2160-0", kidney.creatinine), ("98979-8", kidney.egfr), ("9318-7", kidney.albumin)]);
        if kidney.egfr < 60.0 {
            let (sex, age) = (adult.person.sex, adult.person.age(visit.day));
            let (two, five) = program.model.risk(sex, age, kidney.egfr, kidney.albumin);
            values.extend(RISKS.iter().map(|(code, _)| *code).zip([two, five]));
        }
    }
    if let Some(lipids) = visit.lipids {
        values.extend([("2093-3", lipids.total), ("2085-9", lipids.hdl), ("2571-8", lipids.triglycerides)]);
        values.extend(lipids.ldl.map(|ldl| ("13457-7", ldl)));
    }
    values
}

fn measurement(program: &Chronic, life: &Life, sink: &mut Sink) {
    let mut position = 0;
    for (at, visit) in life.visits.iter().enumerate() {
        for (code, value) in measured(program, life, visit) {
            let unit = MEASURED.iter().find(|(known, _, _)| *known == code).map_or("%", |(_, _, unit)| unit);
            Measured {
                id: event_id(life, position),
                person: id(life),
                concept: program.concepts.own(Class::Measurement, code),
                day: visit.day,
                value,
                unit: (program.concepts.own(Class::Unit, unit), unit),
                visit: event_id(life, at),
                code,
            }
            .write(sink);
            position += 1;
        }
    }
}

fn observation(program: &Chronic, life: &Life, sink: &mut Sink) {
    let answer = life.traits.adult.smoking.name();
    let checkups = life.visits.iter().enumerate().filter(|(_, visit)| visit.place == Place::Checkup);
    for (position, (at, visit)) in checkups.enumerate() {
        Answer {
            id: event_id(life, position),
            person: id(life),
            concept: program.concepts.own(Class::Observation, "smoking"),
            day: visit.day,
            answer: (program.concepts.own(Class::Answer, answer), answer),
            visit: event_id(life, at),
            code: "smoking",
        }
        .write(sink);
    }
}

fn death(program: &Chronic, life: &Life, sink: &mut Sink) {
    let Some((cause, day)) = life.death else { return };
    let (cause, source) = match cause {
        Cause::Other => (program.concepts.own(Class::Cause, OTHER_CAUSE), OTHER_CAUSE),
        Cause::Of(disease) => (program.concepts.own(Class::Condition, icd10(disease)), icd10(disease)),
    };
    Death { person: id(life), day, cause, source }.write(sink);
}
