//! The OMOP tables of persons, their visits, conditions and deaths, and the concepts.

use super::concept::{self, Class, Concepts};
use super::patient::{Method, Patient, Sex};
use super::tables::{Cell, Context, Sink};

/// Events of a person in one table have numbers from the person's number times this.
const EVENTS_MAX: i64 = 100;

/// The number of a person's event in its table.
pub(crate) fn event_id(patient: &Patient<'_>, position: i64) -> i64 {
    patient.id().saturating_mul(EVENTS_MAX).saturating_add(position)
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
    concepts.condition(patient.cancer(), patient.site)
}

pub(crate) fn person(_: &Context<'_>, patient: &Patient<'_>, sink: &mut Sink) {
    let (year, month, day) = super::calendar::civil(patient.birth);
    let (concept, letter) = if patient.sex == Sex::Male { (concept::MALE, "M") } else { (concept::FEMALE, "F") };
    sink.row(&[
        Cell::Integer(patient.id()),
        Cell::Integer(concept),
        Cell::Integer(year.into()),
        Cell::Integer(month.into()),
        Cell::Integer(day.into()),
        Cell::Null,
        Cell::Integer(concept::KOREAN),
        Cell::Integer(concept::NONE),
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Written(patient.id().to_string()),
        Cell::Text(letter),
    ]);
}

pub(crate) fn observation_period(_: &Context<'_>, patient: &Patient<'_>, sink: &mut Sink) {
    sink.row(&[
        Cell::Integer(event_id(patient, 0)),
        Cell::Integer(patient.id()),
        Cell::Date(patient.diagnosis),
        Cell::Date(patient.end),
        Cell::Integer(concept::EHR),
    ]);
}

pub(crate) fn visit_occurrence(_: &Context<'_>, patient: &Patient<'_>, sink: &mut Sink) {
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

pub(crate) fn condition_occurrence(context: &Context<'_>, patient: &Patient<'_>, sink: &mut Sink) {
    let primary = (condition_concept(context.concepts, patient), patient.icd10());
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

pub(crate) fn death(context: &Context<'_>, patient: &Patient<'_>, sink: &mut Sink) {
    let Some(death) = patient.death else { return };
    let (cause, source) = if death.by_cancer {
        (condition_concept(context.concepts, patient), patient.icd10())
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

/// Concepts belong to nobody: they come with the first person, so that parts of a dataset have them once.
pub(crate) fn concept(context: &Context<'_>, sink: &mut Sink) {
    let first = super::calendar::days((1970, 1, 1));
    let last = super::calendar::days((2099, 12, 31));
    for concept in &context.concepts.all {
        let is_standard = concept.id != concept::NONE;
        sink.row(&[
            Cell::Integer(concept.id),
            Cell::Text(&concept.name),
            Cell::Text(concept.domain),
            Cell::Text(concept.vocabulary),
            Cell::Text(concept.class),
            if is_standard { Cell::Text("S") } else { Cell::Null },
            Cell::Text(&concept.code),
            Cell::Date(first),
            Cell::Date(last),
        ]);
    }
}
