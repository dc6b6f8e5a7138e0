//! The OMOP tables of persons, their visits, conditions and deaths.

use super::Cancer5;
use super::concept::condition;
use super::patient::{Method, Patient};
use crate::program::concept::{self, Class, Concepts};
use crate::program::omop;
use crate::program::table::{Cell, Sink};

/// Events of a person in one table have numbers from the person's number times this.
const EVENTS_MAX: i64 = 100;

/// The number of a person's event in its table.
pub(crate) fn event_id(patient: &Patient<'_>, position: i64) -> i64 {
    patient.person.event_id(position, EVENTS_MAX)
}

/// The condition that every event of the patient belongs to.
pub(crate) fn condition_id(patient: &Patient<'_>) -> i64 {
    event_id(patient, 0)
}

/// The visit of the diagnosis is the first, then comes one for each treatment.
pub(crate) fn visit_of_treatment(patient: &Patient<'_>, position: i64) -> i64 {
    event_id(patient, position.saturating_add(1))
}

pub(crate) fn condition_concept(concepts: &Concepts, patient: &Patient<'_>) -> i64 {
    condition(concepts, patient.cancer(), patient.site)
}

pub(crate) fn person(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    omop::person(&patient.person, sink);
}

pub(crate) fn observation_period(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    sink.row(&[
        Cell::Integer(event_id(patient, 0)),
        Cell::Integer(patient.id()),
        Cell::Date(patient.diagnosis),
        Cell::Date(patient.end),
        Cell::Integer(concept::EHR),
    ]);
}

pub(crate) fn visit_occurrence(_: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let diagnosis = (concept::OUTPATIENT, patient.diagnosis, "diagnosis");
    let treatments = patient.treatments.iter().map(|treatment| {
        let inpatient = treatment.method == Method::Surgery;
        let concept = if inpatient { concept::INPATIENT } else { concept::OUTPATIENT };
        (concept, treatment.start, treatment.method.name())
    });
    let returned = patient.recurrence.map(|date| (concept::OUTPATIENT, date, super::library::recurrence(patient)));
    let visits = [diagnosis].into_iter().chain(treatments).chain(returned);
    for (position, (concept, date, source)) in (0..).zip(visits) {
        sink.row(&[
            Cell::Integer(event_id(patient, position)),
            Cell::Integer(patient.id()),
            Cell::Integer(concept),
            Cell::Date(date),
            Cell::Null,
            Cell::Date(date),
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Text(source),
        ]);
    }
}

pub(crate) fn condition_occurrence(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let primary = (condition_concept(&context.concepts, patient), patient.icd10());
    let metastasis = patient.m.starts_with("M1");
    let secondary = metastasis.then(|| (context.concepts.own(Class::Condition, "metastasis"), patient.m));
    for (position, (concept, source)) in (0..).zip([primary].into_iter().chain(secondary)) {
        sink.row(&[
            Cell::Integer(event_id(patient, position)),
            Cell::Integer(patient.id()),
            Cell::Integer(concept),
            Cell::Date(patient.diagnosis),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Integer(event_id(patient, 0)),
            Cell::Null,
            Cell::Text(source),
        ]);
    }
}

pub(crate) fn death(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let Some(death) = patient.death else { return };
    let (cause, source) = if death.by_cancer {
        (condition_concept(&context.concepts, patient), patient.icd10())
    } else {
        (context.concepts.own(Class::Cause, "other"), "other")
    };
    sink.row(&[
        Cell::Integer(patient.id()),
        Cell::Date(death.date),
        Cell::Null,
        Cell::Integer(concept::EHR),
        Cell::Integer(cause),
        Cell::Text(source),
    ]);
}
