//! What was measured, taken and asked.

use super::{EHR, NONE, details, event, event_id, id, own, seen};
use crate::cdm::Cdm;
use crate::cdm::life::{Life, Place};
use crate::cdm::vocabulary::{HAS_SPECIMEN, SPECIMEN_OF};
use crate::program::concept::Class;
use crate::program::table::{Cell, Sink};

pub(crate) fn measurement(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let details = details(program, life);
    for (at, one) in life.measured.iter().enumerate() {
        let seen = seen(program, life, &details, one.visit, one.day);
        let of = one.measurement;
        let has_range = of.high > of.low;
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Measurement, &of.code),
            Cell::Date(one.day),
            NONE,
            NONE,
            EHR,
            NONE,
            Cell::Number(one.value),
            NONE,
            own(program, Class::Unit, &of.unit),
            Cell::number(has_range.then_some(of.low)),
            Cell::number(has_range.then_some(of.high)),
            seen.provider,
            seen.visit,
            seen.detail,
            Cell::Text(&of.code),
            NONE,
            Cell::Text(&of.unit),
            NONE,
            Cell::Written(one.value.to_string()),
        ]);
    }
}

pub(crate) fn observation(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let details = details(program, life);
    let questions = [("smoking", life.adult.smoking.name()), ("alcohol", life.alcohol), ("exercise", life.exercise)];
    let checkups = life.visits.iter().enumerate().filter(|(_, visit)| visit.place == Place::Checkup);
    let asked = checkups.flat_map(|(at, visit)| questions.map(|question| (at, visit.first, question)));
    for (position, (visit, day, (question, answer))) in asked.enumerate() {
        let seen = seen(program, life, &details, visit, day);
        sink.row(&[
            event(life, position),
            id(life),
            own(program, Class::Observation, question),
            Cell::Date(day),
            NONE,
            EHR,
            NONE,
            Cell::Text(answer),
            own(program, Class::Answer, answer),
            NONE,
            NONE,
            seen.provider,
            seen.visit,
            seen.detail,
            Cell::Text(question),
            NONE,
            NONE,
            NONE,
            Cell::Text(answer),
        ]);
    }
}

pub(crate) fn specimen(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, one) in life.taken.iter().enumerate() {
        let id_of_source = event_id(life, at).to_string();
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Specimen, &one.specimen.0),
            EHR,
            Cell::Date(one.day),
            NONE,
            Cell::Number(1.0),
            NONE,
            own(program, Class::Attribute, &one.specimen.2),
            NONE,
            Cell::Written(id_of_source),
            Cell::Text(&one.specimen.0),
            NONE,
            Cell::Text(&one.specimen.2),
        ]);
    }
}

/// Each laboratory value and its specimen, both ways round.
pub(crate) fn fact_relationship(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let domain = |name: &str| own(program, Class::Domain, name);
    for (at, value) in life.measured.iter().enumerate() {
        let Some(needed) = value.specimen else { continue };
        let taken = life.taken.iter().position(|taken| taken.visit == value.visit && taken.specimen.0 == needed);
        let Some(taken) = taken else { continue };
        let (of_value, of_specimen) = (event(life, at), event(life, taken));
        let (value, specimen) = (domain("Measurement"), domain("Specimen"));
        let relation = |id: &str| own(program, Class::Relationship, id);
        sink.row(&[value.clone(), of_value.clone(), specimen.clone(), of_specimen.clone(), relation(HAS_SPECIMEN)]);
        sink.row(&[specimen, of_specimen, value, of_value, relation(SPECIMEN_OF)]);
    }
}
