//! How a life is written as rows: who, where, what was done, and what follows from it.

pub(crate) mod care;
pub(crate) mod derived;
pub(crate) mod event;
pub(crate) mod note;
pub(crate) mod result;
pub(crate) mod terms;

use super::Cdm;
use super::life::{Life, Place, Visit};
use super::vocabulary::{INTENSIVE, WARD};
use crate::program::concept::{self, Class};
use crate::program::table::Cell;

/// Events of a person in one table have numbers from the person's number times this.
pub(crate) const EVENTS_MAX: i64 = 10_000;

pub(crate) const NONE: Cell<'static> = Cell::Null;
const EHR: Cell<'static> = Cell::Integer(concept::EHR);

pub(crate) fn event_id(life: &Life<'_>, position: usize) -> i64 {
    life.adult.person.event_id(i64::try_from(position).unwrap_or(EVENTS_MAX), EVENTS_MAX)
}

fn id(life: &Life<'_>) -> Cell<'static> {
    Cell::Integer(life.adult.person.id())
}

fn event(life: &Life<'_>, position: usize) -> Cell<'static> {
    Cell::Integer(event_id(life, position))
}

fn own(program: &Cdm, class: Class, code: &str) -> Cell<'static> {
    Cell::Integer(program.vocabulary.own(class, code))
}

/// A part of a visit: one, or two where a stay begins in intensive care.
pub(crate) struct Detail {
    pub(crate) visit: usize,
    pub(crate) concept: i64,
    pub(crate) source: &'static str,
    pub(crate) first: i32,
    pub(crate) last: i32,
    /// Whether it follows the part before it.
    pub(crate) follows: bool,
}

/// The parts of all visits in order.
pub(crate) fn details(program: &Cdm, life: &Life<'_>) -> Vec<Detail> {
    let mut all = Vec::with_capacity(life.visits.len());
    for (at, visit) in life.visits.iter().enumerate() {
        let part = |concept, source, first, last, follows| Detail { visit: at, concept, source, first, last, follows };
        let (known, source) = kind(visit.place);
        if visit.place != Place::Hospital {
            all.push(part(known, source, visit.first, visit.last, false));
            continue;
        }
        let of = |code| program.vocabulary.own(Class::Place, code);
        let until = visit.first + visit.intensive;
        if visit.intensive > 0 {
            all.push(part(of(INTENSIVE), INTENSIVE, visit.first, until, false));
        }
        all.push(part(of(WARD), WARD, until, visit.last, visit.intensive > 0));
    }
    all
}

/// The concept of a visit, and what the source calls it.
pub(crate) fn kind(place: Place) -> (i64, &'static str) {
    match place {
        Place::Checkup => (concept::OUTPATIENT, "check-up"),
        Place::Clinic => (concept::OUTPATIENT, "clinic"),
        Place::Emergency => (concept::EMERGENCY, "emergency room"),
        Place::Hospital => (concept::INPATIENT, "hospital"),
    }
}

/// The care site of a visit: three institutions in each province.
pub(crate) fn care_site(program: &Cdm, life: &Life<'_>, visit: &Visit) -> i64 {
    let small = [program.model.department("family medicine"), program.model.department("internal medicine")];
    let institution = match visit.place {
        Place::Hospital if visit.intensive > 0 => 2,
        Place::Hospital | Place::Emergency => 1,
        Place::Checkup | Place::Clinic => u8::from(!small.contains(&visit.department)),
    };
    number(life.province) * 3 + i64::from(institution) + 1
}

/// The provider of a visit: one of each department at each care site.
pub(crate) fn provider(program: &Cdm, life: &Life<'_>, visit: &Visit) -> i64 {
    let departments = number(program.model.departments.len());
    (care_site(program, life, visit) - 1) * departments + number(visit.department) + 1
}

pub(crate) fn number(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// Provider, visit and part of the visit of an event on a day, as most tables of events end with them.
struct Seen {
    provider: Cell<'static>,
    visit: Cell<'static>,
    detail: Cell<'static>,
}

fn seen(program: &Cdm, life: &Life<'_>, details: &[Detail], visit: usize, day: i32) -> Seen {
    let on_day = |detail: &Detail| detail.visit == visit && detail.first <= day && day <= detail.last;
    let detail = details.iter().position(on_day).map_or(NONE, |at| event(life, at));
    let provider = life.visits.get(visit).map_or(NONE, |of| Cell::Integer(provider(program, life, of)));
    Seen { provider, visit: event(life, visit), detail }
}
