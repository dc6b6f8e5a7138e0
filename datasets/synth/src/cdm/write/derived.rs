//! What follows from the records: eras, episodes of cancer, and cohorts.

use super::{EHR, NONE, event, id, number, own};
use crate::cdm::Cdm;
use crate::cdm::era;
use crate::cdm::life::{Life, Part};
use crate::cdm::vocabulary::{EPISODES, FIELDS, MILLIGRAM};
use crate::program::concept::Class;
use crate::program::table::{Cell, Sink};

pub(crate) fn condition_era(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, (code, era)) in era::of_conditions(life).into_iter().enumerate() {
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Condition, code),
            Cell::Date(era.first),
            Cell::Date(era.last),
            Cell::Integer(era.events.into()),
        ]);
    }
}

pub(crate) fn drug_era(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, (atc, era)) in era::of_drugs(life).into_iter().enumerate() {
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Ingredient, atc),
            Cell::Date(era.first),
            Cell::Date(era.last),
            Cell::Integer(era.events.into()),
            Cell::Integer(era.gaps.into()),
        ]);
    }
}

pub(crate) fn dose_era(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, (atc, dose, era)) in era::of_doses(life).into_iter().enumerate() {
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Ingredient, atc),
            own(program, Class::Unit, MILLIGRAM),
            Cell::Number(dose),
            Cell::Date(era.first),
            Cell::Date(era.last),
        ]);
    }
}

/// The records of a part of a course: the field that names them, their numbers and their days.
pub(crate) fn records(life: &Life<'_>, part: Part) -> Vec<(&'static str, usize, i32)> {
    let [conditions, drugs, procedures, _] = FIELDS;
    let of = |known: Option<Part>| known == Some(part);
    let diagnosed = life.diagnosed.iter().enumerate().filter(|(_, one)| of(one.part));
    let prescribed = life.prescribed.iter().enumerate().filter(|(_, one)| of(one.part));
    let done = life.done.iter().enumerate().filter(|(_, one)| of(one.part));
    let all = diagnosed.map(|(at, one)| (conditions, at, one.first));
    let all = all.chain(prescribed.map(|(at, one)| (drugs, at, one.first)));
    all.chain(done.map(|(at, one)| (procedures, at, one.day))).collect()
}

const PARTS: [Part; 2] = [Part::Disease, Part::Treatment];

/// The disease from its first record to the end of observation, and in it the treatment from its first to its last day.
pub(crate) fn episode(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let cancer = life.diagnosed.iter().find(|one| one.part.is_some());
    for (at, (part, code)) in PARTS.into_iter().zip(EPISODES).enumerate() {
        let days: Vec<i32> = records(life, part).into_iter().map(|(_, _, day)| day).collect();
        let (Some(first), Some(last), Some(cancer)) = (days.iter().min(), days.iter().max(), cancer) else { continue };
        let is_disease = part == Part::Disease;
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Episode, code),
            Cell::Date(*first),
            NONE,
            Cell::Date(if is_disease { life.end } else { *last }),
            NONE,
            if is_disease { NONE } else { event(life, 0) },
            Cell::Integer(1),
            own(program, Class::Condition, &cancer.illness.code),
            EHR,
            Cell::Text(&cancer.illness.code),
        ]);
    }
}

pub(crate) fn episode_event(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, part) in PARTS.into_iter().enumerate() {
        for (field, record, _) in records(life, part) {
            sink.row(&[event(life, at), event(life, record), own(program, Class::Field, field)]);
        }
    }
}

pub(crate) fn cohort(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, (code, _)) in program.model.cohorts.iter().enumerate() {
        if let Some(first) = life.first_of(code) {
            sink.row(&[Cell::Integer(number(at) + 1), id(life), Cell::Date(first), Cell::Date(life.end)]);
        }
    }
}

pub(crate) fn cohort_definition(program: &Cdm, sink: &mut Sink) {
    for (at, (code, name)) in program.model.cohorts.iter().enumerate() {
        sink.row(&[
            Cell::Integer(number(at) + 1),
            Cell::Text(name),
            Cell::Written(format!("From the first record of {code} to the end of observation")),
            EHR,
            Cell::Written(format!("first condition_occurrence with condition_source_value = '{code}'")),
            own(program, Class::Attribute, "person"),
            Cell::Date(program.model.last_day),
        ]);
    }
}
