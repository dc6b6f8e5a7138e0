//! The OMOP tables of persons, their visits, conditions and deaths.

use super::Hypertension;
use super::concept::icd10;
use super::life::{Disease, Life, Place};
use crate::program::concept::{self, Class};
use crate::program::event::{Condition, Death, Period, Visit};
use crate::program::omop;
use crate::program::table::Sink;

/// Events of a person in one table have numbers from the person's number times this.
pub(crate) const EVENTS_MAX: i64 = 1_000;

/// The number of a person's event in its table.
pub(crate) fn event_id(life: &Life, position: usize) -> i64 {
    life.traits.person.event_id(i64::try_from(position).unwrap_or(EVENTS_MAX), EVENTS_MAX)
}

/// The number of the visit on a day.
pub(crate) fn visit_on(life: &Life, day: i32) -> Option<i64> {
    life.visit_on(day).map(|position| event_id(life, position))
}

pub(crate) fn person(_: &Hypertension, life: &Life, sink: &mut Sink) {
    omop::person(&life.traits.person, sink);
}

pub(crate) fn observation_period(program: &Hypertension, life: &Life, sink: &mut Sink) {
    let (id, person) = (event_id(life, 0), life.traits.person.id());
    Period { id, person, first: program.model.first_day, last: life.end }.write(sink);
}

pub(crate) fn visit_occurrence(program: &Hypertension, life: &Life, sink: &mut Sink) {
    for (position, visit) in life.visits.iter().enumerate() {
        let (concept, days, source) = match visit.place {
            Place::Checkup => (concept::OUTPATIENT, 0, "check-up"),
            Place::Recall => (concept::OUTPATIENT, 0, "second visit"),
            Place::Clinic => (concept::OUTPATIENT, 0, "clinic"),
            Place::Hospital(outcome) => {
                let named = program.model.outcomes.get(outcome).map_or("hospital", |outcome| outcome.name);
                (concept::INPATIENT, HOSPITAL_DAYS, named)
            }
        };
        let (id, person) = (event_id(life, position), life.traits.person.id());
        let last = (visit.day + days).min(life.end);
        Visit { id, person, concept, first: visit.day, last, source }.write(sink);
    }
}

/// Everybody stays for a week, or dies before.
const HOSPITAL_DAYS: i32 = 7;

pub(crate) fn condition_occurrence(program: &Hypertension, life: &Life, sink: &mut Sink) {
    for (position, (disease, day)) in life.diagnoses.iter().enumerate() {
        let code = icd10(&program.model, *disease);
        let concept = program.concepts.own(Class::Condition, code);
        let (id, person) = (event_id(life, position), life.traits.person.id());
        Condition { id, person, concept, day: *day, visit: visit_on(life, *day), code }.write(sink);
    }
}

pub(crate) fn death(program: &Hypertension, life: &Life, sink: &mut Sink) {
    let Some(death) = life.death else { return };
    let (cause, source) = match death.outcome {
        Some(outcome) => {
            let code = icd10(&program.model, Disease::Outcome(outcome));
            (program.concepts.own(Class::Condition, code), code)
        }
        None => (program.concepts.own(Class::Cause, "not cardiovascular"), "not cardiovascular"),
    };
    Death { person: life.traits.person.id(), day: death.day, cause, source }.write(sink);
}
