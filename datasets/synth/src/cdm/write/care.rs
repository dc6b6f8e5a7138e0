//! Who and where: persons, visits and their parts, insurance and bills, and the institutions.

use super::{EHR, NONE, care_site, details, event, id, kind, number, own, provider};
use crate::cdm::Cdm;
use crate::cdm::life::{Life, Place};
use crate::cdm::vocabulary::INSTITUTIONS;
use crate::program::concept::{self, Class};
use crate::program::event::Period;
use crate::program::person::Sex;
use crate::program::table::{Cell, Sink};

pub(crate) fn person(_: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let person = &life.adult.person;
    let (year, month, day) = crate::program::calendar::civil(person.birth);
    let (gender, letter) = if person.sex == Sex::Male { (concept::MALE, "M") } else { (concept::FEMALE, "F") };
    sink.row(&[
        id(life),
        Cell::Integer(gender),
        Cell::Integer(year.into()),
        Cell::Integer(month.into()),
        Cell::Integer(day.into()),
        NONE,
        Cell::Integer(concept::KOREAN),
        Cell::Integer(concept::NONE),
        Cell::Integer(number(life.province) + 1),
        NONE,
        Cell::Integer(number(life.province) * 3 + 1),
        Cell::Written(person.id().to_string()),
        Cell::Text(letter),
    ]);
}

pub(crate) fn observation_period(_: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let (id, person) = (super::event_id(life, 0), life.adult.person.id());
    Period { id, person, first: life.first, last: life.end }.write(sink);
}

pub(crate) fn visit_occurrence(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, visit) in life.visits.iter().enumerate() {
        let (concept, source) = kind(visit.place);
        let died = visit.place == Place::Hospital && life.death.is_some_and(|death| death.day == visit.last);
        let admitted = visit.after.is_some();
        sink.row(&[
            event(life, at),
            id(life),
            Cell::Integer(concept),
            Cell::Date(visit.first),
            NONE,
            Cell::Date(visit.last),
            NONE,
            EHR,
            Cell::Integer(provider(program, life, visit)),
            Cell::Integer(care_site(program, life, visit)),
            Cell::Text(source),
            NONE,
            if admitted { Cell::Integer(concept::EMERGENCY) } else { NONE },
            if admitted { Cell::Text("emergency room") } else { NONE },
            NONE,
            if died { Cell::Text("died") } else { NONE },
            visit.after.map_or(NONE, |before| event(life, before)),
        ]);
    }
}

pub(crate) fn visit_detail(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, detail) in details(program, life).iter().enumerate() {
        let Some(visit) = life.visits.get(detail.visit) else { continue };
        let before = at.checked_sub(1).filter(|_| detail.follows).map_or(NONE, |before| event(life, before));
        sink.row(&[
            event(life, at),
            id(life),
            Cell::Integer(detail.concept),
            Cell::Date(detail.first),
            NONE,
            Cell::Date(detail.last),
            NONE,
            EHR,
            Cell::Integer(provider(program, life, visit)),
            Cell::Integer(care_site(program, life, visit)),
            Cell::Text(detail.source),
            NONE,
            NONE,
            NONE,
            NONE,
            NONE,
            before,
            NONE,
            event(life, detail.visit),
        ]);
    }
}

pub(crate) fn payer_plan_period(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    sink.row(&[
        event(life, 0),
        id(life),
        Cell::Date(life.first),
        Cell::Date(life.end),
        own(program, Class::Payer, &life.payer.code),
        Cell::Text(&life.payer.code),
    ]);
}

/// A bill: a fee in won to the nearest ten, of which the payer takes a share.
struct Bill {
    event: Cell<'static>,
    domain: &'static str,
    fee: f64,
    share: f64,
}

/// Bills of visits, then of prescriptions, then of procedures.
fn bills(program: &Cdm, life: &Life<'_>) -> Vec<Bill> {
    let fees = &program.model.fees;
    let of = |at: usize| life.visits.get(at);
    let share = |at: usize| {
        let in_hospital = of(at).is_some_and(|visit| visit.place == Place::Hospital);
        if in_hospital { life.payer.inpatient } else { life.payer.outpatient }
    };
    let billed = |at: usize| of(at).map_or(1.0, |visit| visit.billed);
    let visits = life.visits.iter().enumerate().map(|(at, visit)| {
        let fee = match visit.place {
            Place::Checkup | Place::Clinic => fees.outpatient,
            Place::Emergency => fees.emergency,
            Place::Hospital => fees.inpatient_day * (f64::from(visit.last - visit.first) + 1.0),
        };
        Bill { event: event(life, at), domain: "Visit", fee: fee * visit.billed, share: share(at) }
    });
    let drugs = life.prescribed.iter().enumerate().map(|(at, one)| {
        let fee = fees.drug_day * f64::from(one.days) * billed(one.visit);
        Bill { event: event(life, at), domain: "Drug", fee, share: share(one.visit) }
    });
    let procedures = life.done.iter().enumerate().map(|(at, one)| {
        let fee = one.procedure.fee * billed(one.visit);
        Bill { event: event(life, at), domain: "Procedure", fee, share: share(one.visit) }
    });
    visits.chain(drugs).chain(procedures).collect()
}

pub(crate) fn cost(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, bill) in bills(program, life).into_iter().enumerate() {
        let total = (bill.fee / 10.0).round() * 10.0;
        let by_payer = (total * bill.share).round();
        let by_patient = total - by_payer;
        sink.row(&[
            event(life, at),
            bill.event,
            Cell::Text(bill.domain),
            EHR,
            own(program, Class::Attribute, "KRW"),
            Cell::Number(total),
            NONE,
            Cell::Number(total),
            Cell::Number(by_payer),
            Cell::Number(by_patient),
            NONE,
            Cell::Number(by_patient),
            NONE,
            Cell::Number(by_payer),
            NONE,
            NONE,
            event(life, 0),
            Cell::Number(total),
        ]);
    }
}

pub(crate) fn location(program: &Cdm, sink: &mut Sink) {
    for (at, province) in program.model.provinces.iter().enumerate() {
        sink.row(&[
            Cell::Integer(number(at) + 1),
            NONE,
            NONE,
            NONE,
            Cell::Text(&province.0),
            NONE,
            NONE,
            Cell::Text(&province.1),
            own(program, Class::Attribute, "KOR"),
            Cell::Text("KOR"),
        ]);
    }
}

pub(crate) fn care_sites(program: &Cdm, sink: &mut Sink) {
    let mut row = 0;
    for (at, province) in program.model.provinces.iter().enumerate() {
        for (code, _, ko) in INSTITUTIONS {
            row += 1;
            sink.row(&[
                Cell::Integer(row),
                Cell::Written(format!("{ko} ({})", province.1)),
                own(program, Class::Place, code),
                Cell::Integer(number(at) + 1),
                Cell::Written(format!("{code} {}", province.2)),
                Cell::Text(code),
            ]);
        }
    }
}

pub(crate) fn providers(program: &Cdm, sink: &mut Sink) {
    let sites = number(program.model.provinces.len()) * number(INSTITUTIONS.len());
    let mut row = 0;
    for site in 1..=sites {
        for (name, _) in &program.model.departments {
            row += 1;
            sink.row(&[
                Cell::Integer(row),
                NONE,
                NONE,
                NONE,
                own(program, Class::Specialty, name),
                Cell::Integer(site),
                NONE,
                NONE,
                Cell::Written(row.to_string()),
                Cell::Text(name),
            ]);
        }
    }
}
