//! The OMOP tables of what was measured, observed and done, and the episodes that hold it together.

use super::Cancer5;
use super::concept::class_of;
use super::lives::{condition_concept, condition_id, event_id, visit_of_treatment};
use super::patient::{Method, Patient, Treatment};
use crate::program::concept::{self, Class};
use crate::program::table::{Cell, Sink};

/// One measurement.
struct Measured<'a> {
    code: &'a str,
    date: i32,
    number: Option<f64>,
    /// The class and code of a value that is a concept, and the text that stands for it.
    value: Option<(Class, &'a str, &'a str)>,
    unit: Option<&'a str>,
}

/// Everything that is measured, in the order of its numbers; the first three are T, N and M.
fn measured<'a>(patient: &'a Patient<'_>, group: &'a str) -> Vec<Measured<'a>> {
    let staged = |code, class, value, text| Measured {
        code,
        date: patient.diagnosis,
        number: None,
        value: Some((class, value, text)),
        unit: None,
    };
    let counted = |code, number: Option<f64>, unit| {
        number.map(|number| Measured { code, date: patient.diagnosis, number: Some(number), value: None, unit })
    };
    let mut all = vec![
        staged("t", Class::Category, patient.t, patient.t),
        staged("n", Class::Category, patient.n, patient.n),
        staged("m", Class::Category, patient.m, patient.m),
        staged("group", Class::Category, group, patient.group),
        staged("summary", Class::Category, patient.stage.name(), patient.stage.name()),
        staged("histology", Class::Histology, &patient.histology.code, &patient.histology.code),
    ];
    all.extend(counted("grade", patient.grade.map(f64::from), None));
    all.extend(counted("size", patient.size_mm.map(f64::from), Some("mm")));
    all.extend(counted("ecog", Some(f64::from(patient.ecog)), None));
    all.extend(counted("height", Some(patient.height_cm), Some("cm")));
    all.extend(counted("weight", Some(patient.weight_kg), Some("kg")));
    all.extend(patient.tests.iter().map(|test| Measured {
        code: test.code,
        date: test.date,
        number: test.number,
        value: test.text.map(|text| (Class::Result, text, text)),
        unit: test.unit,
    }));
    all
}

/// The days that one dispensing lasts. A regimen of more than a year is dispensed again and again, and how often is not
/// drawn.
fn supply(treatment: &Treatment<'_>) -> Cell<'static> {
    let days = (treatment.end - treatment.start).max(1);
    if days <= 365 { Cell::Integer(days.into()) } else { Cell::Null }
}

/// The visit in whose week a day falls; what a laboratory reports later belongs to none.
fn visit_on(patient: &Patient<'_>, date: i32) -> Cell<'static> {
    let within = |visit: i32| (visit - date).abs() <= 7;
    if within(patient.diagnosis) {
        return Cell::Integer(event_id(patient, 0));
    }
    let treatment = treatments(patient, |_| true).find(|(_, treatment)| within(treatment.start));
    treatment.map_or(Cell::Null, |(position, _)| Cell::Integer(visit_of_treatment(patient, position)))
}

pub(crate) fn measurement(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let own = |class, code: &str| context.concepts.own(class, code);
    let group = format!("group {}", patient.group);
    for (position, measured) in (0..).zip(measured(patient, &group)) {
        let value = measured.value.map(|(class, code, _)| own(class, code));
        sink.row(&[
            Cell::Integer(event_id(patient, position)),
            Cell::Integer(patient.id()),
            Cell::Integer(own(Class::Measurement, measured.code)),
            Cell::Date(measured.date),
            Cell::Null,
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::number(measured.number),
            value.map_or(Cell::Null, Cell::Integer),
            measured.unit.map_or(Cell::Null, |unit| Cell::Integer(own(Class::Unit, unit))),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            visit_on(patient, measured.date),
            Cell::Null,
            Cell::Text(measured.code),
            Cell::Null,
            Cell::text(measured.unit),
            Cell::Null,
            Cell::text(measured.value.map(|(_, _, text)| text)),
            Cell::Integer(condition_id(patient)),
            Cell::Integer(own(Class::Field, "condition_occurrence.condition_occurrence_id")),
        ]);
    }
}

/// Treatments with their positions among all treatments of the patient.
fn treatments<'a>(
    patient: &'a Patient<'_>,
    is_wanted: impl Fn(Method) -> bool + 'a,
) -> impl Iterator<Item = (i64, &'a Treatment<'a>)> {
    (0..).zip(&patient.treatments).filter(move |(_, treatment)| is_wanted(treatment.method))
}

pub(crate) fn procedure_occurrence(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    for (position, treatment) in treatments(patient, |method| !method.is_drug()) {
        sink.row(&[
            Cell::Integer(event_id(patient, position)),
            Cell::Integer(patient.id()),
            Cell::Integer(context.concepts.own(Class::Procedure, treatment.name)),
            Cell::Date(treatment.start),
            Cell::Null,
            Cell::Date(treatment.end),
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Integer(visit_of_treatment(patient, position)),
            Cell::Null,
            Cell::Text(treatment.method.name()),
        ]);
    }
}

pub(crate) fn drug_exposure(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    for (position, treatment) in treatments(patient, Method::is_drug) {
        sink.row(&[
            Cell::Integer(event_id(patient, position)),
            Cell::Integer(patient.id()),
            Cell::Integer(context.concepts.own(Class::Drug, treatment.name)),
            Cell::Date(treatment.start),
            Cell::Null,
            Cell::Date(treatment.end),
            Cell::Null,
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            supply(treatment),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Integer(visit_of_treatment(patient, position)),
            Cell::Null,
            Cell::Text(treatment.method.name()),
        ]);
    }
}

pub(crate) fn observation(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let own = |class, code: &str| context.concepts.own(class, code);
    let asked = [
        ("smoking", patient.diagnosis, Some(patient.smoking.name())),
        ("drinking", patient.diagnosis, Some(patient.drinking)),
    ];
    let response = patient.response.map(|(response, date)| ("response", date, Some(response)));
    let returned = patient.recurrence.map(|date| (super::library::recurrence(patient), date, None));
    for (position, (code, date, answer)) in (0..).zip(asked.into_iter().chain(response).chain(returned)) {
        sink.row(&[
            Cell::Integer(event_id(patient, position)),
            Cell::Integer(patient.id()),
            Cell::Integer(own(Class::Observation, code)),
            Cell::Date(date),
            Cell::Null,
            Cell::Integer(concept::EHR),
            Cell::Null,
            Cell::text(answer),
            answer.map_or(Cell::Null, |answer| Cell::Integer(own(Class::Answer, answer))),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Text(code),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::text(answer),
            Cell::Integer(condition_id(patient)),
            Cell::Integer(own(Class::Field, "condition_occurrence.condition_occurrence_id")),
        ]);
    }
}

/// The disease from its diagnosis on, and in it one episode for each treatment.
pub(crate) fn episode(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let own = |class, code: &str| context.concepts.own(class, code);
    let disease = event_id(patient, 0);
    let mut row = |position: i64, of: (&str, i64), dates: (i32, i32), parent: Option<i64>| {
        sink.row(&[
            Cell::Integer(event_id(patient, position)),
            Cell::Integer(patient.id()),
            Cell::Integer(own(Class::Episode, of.0)),
            Cell::Date(dates.0),
            Cell::Null,
            Cell::Date(dates.1),
            Cell::Null,
            parent.map_or(Cell::Null, Cell::Integer),
            Cell::Integer(position),
            Cell::Integer(of.1),
            Cell::Integer(concept::EHR),
        ]);
    };
    let dates = (patient.diagnosis, patient.end);
    row(0, ("disease", condition_concept(&context.concepts, patient)), dates, None);
    for (position, treatment) in treatments(patient, |_| true) {
        let object = own(class_of(treatment.method), treatment.name);
        row(position + 1, ("treatment", object), (treatment.start, treatment.end), Some(disease));
    }
}

pub(crate) fn episode_event(context: &Cancer5, patient: &Patient<'_>, sink: &mut Sink) {
    let field = |name: &str| Cell::Integer(context.concepts.own(Class::Field, name));
    let condition = field("condition_occurrence.condition_occurrence_id");
    sink.row(&[Cell::Integer(event_id(patient, 0)), Cell::Integer(condition_id(patient)), condition]);
    for (position, treatment) in treatments(patient, |_| true) {
        let named = match class_of(treatment.method) {
            Class::Drug => "drug_exposure.drug_exposure_id",
            _ => "procedure_occurrence.procedure_occurrence_id",
        };
        let episode = event_id(patient, position + 1);
        sink.row(&[Cell::Integer(episode), Cell::Integer(event_id(patient, position)), field(named)]);
    }
}
