//! What happened at visits: diagnoses, drugs, procedures, devices, and death.

use super::{EHR, NONE, details, event, id, own, seen};
use crate::cdm::Cdm;
use crate::cdm::life::{Life, Place};
use crate::cdm::vocabulary::{FINAL, kcd};
use crate::program::concept::Class;
use crate::program::table::{Cell, Sink};

pub(crate) fn condition_occurrence(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let details = details(program, life);
    for (at, one) in life.diagnosed.iter().enumerate() {
        let seen = seen(program, life, &details, one.visit, one.first);
        let code = one.illness.code.as_str();
        let is_final = life.visits.get(one.visit).is_some_and(|visit| visit.place != Place::Emergency);
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Condition, code),
            Cell::Date(one.first),
            NONE,
            Cell::Date(one.last),
            NONE,
            EHR,
            if is_final { own(program, Class::Attribute, FINAL) } else { NONE },
            NONE,
            seen.provider,
            seen.visit,
            seen.detail,
            Cell::Text(code),
            own(program, Class::Source, &kcd(code)),
            if is_final { Cell::Text(FINAL) } else { NONE },
        ]);
    }
}

pub(crate) fn drug_exposure(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let details = details(program, life);
    for (at, one) in life.prescribed.iter().enumerate() {
        let seen = seen(program, life, &details, one.visit, one.first);
        let supplied = one.first + one.days - 1;
        let is_cut = one.last < supplied;
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::ClinicalDrug, &one.drug.code),
            Cell::Date(one.first),
            NONE,
            Cell::Date(one.last),
            NONE,
            Cell::Date(one.last),
            EHR,
            if is_cut { Cell::Text("records end") } else { NONE },
            Cell::Integer(0),
            Cell::Number(f64::from(one.drug.per_day) * f64::from(one.days)),
            Cell::Integer(one.days.into()),
            Cell::Written(format!("1일 {}회", one.drug.per_day)),
            own(program, Class::Route, &one.drug.route),
            NONE,
            seen.provider,
            seen.visit,
            seen.detail,
            Cell::Text(&one.drug.code),
            NONE,
            Cell::Text(&one.drug.route),
            NONE,
        ]);
    }
}

pub(crate) fn procedure_occurrence(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let details = details(program, life);
    for (at, one) in life.done.iter().enumerate() {
        let seen = seen(program, life, &details, one.visit, one.day);
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Procedure, &one.procedure.code),
            Cell::Date(one.day),
            NONE,
            Cell::Date(one.day),
            NONE,
            EHR,
            NONE,
            Cell::Integer(1),
            seen.provider,
            seen.visit,
            seen.detail,
            Cell::Text(&one.procedure.code),
        ]);
    }
}

pub(crate) fn device_exposure(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let details = details(program, life);
    for (at, one) in life.used.iter().enumerate() {
        let seen = seen(program, life, &details, one.visit, one.first);
        sink.row(&[
            event(life, at),
            id(life),
            own(program, Class::Device, &one.device.0),
            Cell::Date(one.first),
            NONE,
            Cell::Date(one.last),
            NONE,
            EHR,
            NONE,
            NONE,
            Cell::Integer(1),
            seen.provider,
            seen.visit,
            seen.detail,
            Cell::Text(&one.device.0),
        ]);
    }
}

pub(crate) fn death(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    if let Some(death) = life.death {
        let code = death.cause.code.as_str();
        sink.row(&[
            id(life),
            Cell::Date(death.day),
            NONE,
            EHR,
            own(program, Class::Condition, code),
            Cell::Text(code),
            own(program, Class::Source, &kcd(code)),
        ]);
    }
}
