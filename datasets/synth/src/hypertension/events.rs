//! The OMOP tables of what was taken, measured and asked, and the readings at home.

use super::Hypertension;
use super::concept::{DIASTOLIC, HOME, MEASURED, MMHG, SYSTOLIC};
use super::home;
use super::life::{Life, Place, Visit, mean};
use super::lives::{event_id, visit_on};
use crate::draw::normal;
use crate::program::adult::tenths;
use crate::program::concept::Class;
use crate::program::event::{Answer, Exposure, Measured};
use crate::program::table::{Cell, Sink};

/// One value: the concept, the source's code, and the unit.
struct Value {
    concept: i64,
    code: &'static str,
    value: f64,
    unit: (i64, &'static str),
}

/// Everything that is measured at a visit.
fn measured(program: &Hypertension, life: &Life, visit: &Visit) -> Vec<Value> {
    let mmhg = (MMHG, "mm[Hg]");
    let mut values = Vec::with_capacity(20);
    for reading in &visit.readings {
        values.push(Value { concept: SYSTOLIC, code: "8480-6", value: reading.systolic, unit: mmhg });
        values.push(Value { concept: DIASTOLIC, code: "8462-4", value: reading.diastolic, unit: mmhg });
    }
    let own = |code: &str| MEASURED.iter().find(|(known, _, _)| *known == code);
    let mut add = |code: &str, value: f64| {
        if let Some((code, _, unit)) = own(code) {
            let unit = (program.concepts.own(Class::Unit, unit), *unit);
            values.push(Value { concept: program.concepts.own(Class::Measurement, code), code, value, unit });
        }
    };
    if !visit.readings.is_empty() {
        let name = format!("pulse {}", visit.day);
        let drawn = normal(&mut crate::rows::stream(life.seed, life.traits.person.number, &name));
        add("8867-4", home::pulse(&program.model, life, visit.day, drawn));
    }
    if visit.place == Place::Checkup {
        add("8302-2", life.traits.height_cm);
        add("29463-7", life.traits.weight_kg);
        add("39156-5", life.traits.bmi);
    }
    if let Some(labs) = visit.labs {
        add("2093-3", labs.total_cholesterol);
        add("2085-9", labs.hdl);
        add("2160-0", labs.creatinine);
        add("98979-8", labs.egfr);
        add("1558-6", labs.glucose);
        if life.traits.diabetes {
            add("4548-4", labs.hba1c);
        }
    }
    if visit.home {
        let week = home::week(&program.model, life, visit.day);
        let mean = mean(week.iter().map(|reading| reading.pressure));
        let means = [mean.systolic, mean.diastolic].map(tenths);
        for ((code, _), value) in HOME.into_iter().zip(means).filter(|_| !week.is_empty()) {
            let concept = program.concepts.own(Class::Measurement, code);
            values.push(Value { concept, code, value, unit: mmhg });
        }
    }
    values
}

pub(crate) fn measurement(program: &Hypertension, life: &Life, sink: &mut Sink) {
    let mut position = 0;
    for (at, visit) in life.visits.iter().enumerate() {
        for Value { concept, code, value, unit } in measured(program, life, visit) {
            let (id, visit_id) = (event_id(life, position), event_id(life, at));
            let person = life.traits.person.id();
            Measured { id, person, concept, day: visit.day, value, unit, visit: visit_id, code }.write(sink);
            position += 1;
        }
    }
}

pub(crate) fn drug_exposure(program: &Hypertension, life: &Life, sink: &mut Sink) {
    for (position, exposure) in life.exposures.iter().enumerate() {
        let (_, atc, _) = program.model.drug(exposure.drug);
        Exposure {
            id: event_id(life, position),
            person: life.traits.person.id(),
            concept: program.concepts.own(Class::Substance, atc),
            first: exposure.start,
            last: exposure.end,
            visit: exposure.prescribed.then(|| visit_on(life, exposure.start)).flatten(),
            code: atc,
        }
        .write(sink);
    }
}

pub(crate) fn observation(program: &Hypertension, life: &Life, sink: &mut Sink) {
    let answer = life.traits.smoking.name();
    let checkups = life.visits.iter().enumerate().filter(|(_, visit)| visit.place == Place::Checkup);
    for (position, (at, visit)) in checkups.enumerate() {
        Answer {
            id: event_id(life, position),
            person: life.traits.person.id(),
            concept: program.concepts.own(Class::Observation, "smoking"),
            day: visit.day,
            answer: (program.concepts.own(Class::Answer, answer), answer),
            visit: event_id(life, at),
            code: "smoking",
        }
        .write(sink);
    }
}

pub(crate) fn home_reading(program: &Hypertension, life: &Life, sink: &mut Sink) {
    let whole = |value: f64| Cell::Integer(crate::draw::whole(value).into());
    for (at, visit) in life.visits.iter().enumerate().filter(|(_, visit)| visit.home) {
        for reading in home::week(&program.model, life, visit.day) {
            sink.row(&[
                Cell::Integer(life.traits.person.id()),
                Cell::Integer(event_id(life, at)),
                Cell::Moment(reading.at),
                Cell::Integer(reading.day.into()),
                Cell::Text(if reading.morning { "morning" } else { "evening" }),
                Cell::Integer(reading.number.into()),
                whole(reading.pressure.systolic),
                whole(reading.pressure.diastolic),
                whole(reading.pulse),
                Cell::Flag(reading.is_wrong),
            ]);
        }
    }
}
