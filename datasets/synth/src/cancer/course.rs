//! What is done against the cancer and what the cancer does: treatments, response, recurrence.
//!
//! Nothing happens before the diagnosis or after the end; whom the cancer will kill early responds less and has it back
//! before it kills.

use super::model::Model;
use super::patient::{Method, Patient, Stage, Treatment};
use super::person::Fate;
use super::spec::Requirement;
use crate::draw::{unit, whole};
use rand_chacha::ChaCha8Rng;

/// The one kind of radiotherapy that is simulated.
pub(crate) const RADIATION: &str = "External beam radiotherapy";

/// Fills in the course of a patient.
pub(crate) fn run<'m>(model: &'m Model, patient: &mut Patient<'m>, fate: Fate, rng: &mut ChaCha8Rng) {
    let shares = patient.kind.stages.of(patient.stage).treatment;
    let course = &model.course;
    let elderly = if patient.age >= course.elderly_age { course.elderly_factor } else { 1.0 };
    let regimens = &patient.kind.regimens;
    let surgery = unit(rng) < shares.surgery * elderly;
    let operated = patient.diagnosis + within(course.surgery_after, rng);
    if surgery && give(patient, Method::Surgery, &regimens.surgery.en, operated, operated) {
        let reported = operated + within(course.pathology_after, rng);
        patient.pathology = (reported <= patient.end).then_some(reported);
    }
    let surgery = patient.treated(Method::Surgery);
    let after = |rng: &mut ChaCha8Rng, alone: (f64, f64), adjuvant: (f64, f64)| {
        if surgery { operated + within(adjuvant, rng) } else { patient_start(patient.diagnosis, alone, rng) }
    };
    let drugs = after(rng, course.systemic_after, course.adjuvant_after);
    let radiated = after(rng, course.radiation_after, course.radiation_after);
    let cycles = f64::from(within(course.cycles, rng)) * course.cycle_days;
    let chances = [unit(rng), unit(rng), unit(rng), unit(rng)];
    let long = drugs + whole(course.long_term_days);
    let requires = &patient.kind.requires;
    let kind = patient.kind;
    let plan = [
        (Method::Chemotherapy, Some(&kind.regimens.systemic), shares.systemic * elderly, drugs, drugs + whole(cycles)),
        (Method::Hormone, kind.regimens.hormone.as_ref(), shares.hormone, drugs, long),
        (Method::Targeted, kind.regimens.targeted.as_ref(), shares.targeted, drugs, long),
    ];
    for ((method, name, share, start, end), chance) in plan.into_iter().zip(chances) {
        let needed = match method {
            Method::Hormone => requires.hormone.as_ref(),
            Method::Targeted => requires.targeted.as_ref(),
            Method::Surgery | Method::Chemotherapy | Method::Radiation => None,
        };
        if let Some(name) = name.filter(|_| chance < share && is_met(patient, needed)) {
            give(patient, method, name, start, end);
        }
    }
    if chances.last().is_some_and(|chance| *chance < shares.radiation) {
        give(patient, Method::Radiation, RADIATION, radiated, radiated + whole(course.radiation_days));
    }
    patient.treatments.sort_by_key(|treatment| treatment.start);
    respond(model, patient, fate, rng);
    recur(model, patient, fate, rng);
}

fn patient_start(diagnosis: i32, range: (f64, f64), rng: &mut ChaCha8Rng) -> i32 {
    diagnosis + within(range, rng)
}

/// A whole number of a range, both ends included.
fn within((low, high): (f64, f64), rng: &mut ChaCha8Rng) -> i32 {
    whole(low + unit(rng) * (high - low + 1.0))
}

fn is_met(patient: &Patient<'_>, needed: Option<&Requirement>) -> bool {
    needed.is_none_or(|needed| {
        patient.test(&needed.marker).and_then(|test| test.text).is_some_and(|result| result == needed.result)
    })
}

/// Adds a treatment if the patient lives to begin it; says whether.
fn give<'m>(patient: &mut Patient<'m>, method: Method, name: &'m str, start: i32, end: i32) -> bool {
    let lives = start < patient.end;
    if lives {
        patient.treatments.push(Treatment { method, name, start, end: end.min(patient.end) });
    }
    lives
}

/// The best response to drugs of those who were not operated.
fn respond<'m>(model: &'m Model, patient: &mut Patient<'m>, fate: Fate, rng: &mut ChaCha8Rng) {
    let (chance, later) = (unit(rng), within(model.course.response_after, rng));
    let drug = patient.treatments.iter().find(|treatment| treatment.method.is_drug());
    let Some(start) = drug.map(|drug| drug.start).filter(|_| !patient.treated(Method::Surgery)) else { return };
    let (poor, fair) = model.response_days;
    let [of_poor, of_fair, of_good] = &model.responses;
    let responses = match fate.cancer {
        Some(days) if days < poor => of_poor,
        Some(days) if days < fair => of_fair,
        Some(_) | None => of_good,
    };
    if start + later <= patient.end {
        patient.response = responses.at(chance).map(|(response, _)| (response.as_str(), start + later));
    }
}

fn recur(model: &Model, patient: &mut Patient<'_>, fate: Fate, rng: &mut ChaCha8Rng) {
    let (chance, share, later) = (unit(rng), unit(rng), within(model.recurrence.not_fatal_days, rng));
    let (low, high) = model.recurrence.share;
    let days = match fate.cancer {
        Some(days) => whole(days * (low + share * (high - low))),
        None if chance < model.recurrence.not_fatal && patient.stage != Stage::Unknown => later,
        None => return,
    };
    // It cannot come back before it was seen to be away.
    let first = patient.treatments.first().map_or(patient.diagnosis, |treatment| treatment.start);
    let date = patient.diagnosis + days;
    if date > first + whole(model.course.response_after.0) && date < patient.end {
        patient.recurrence = Some(date);
    }
}
