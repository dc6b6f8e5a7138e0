//! Short Korean notes made from templates, and the terms that are found in them. Nobody is named in them.

use super::{EHR, NONE, details, event, id, own, seen};
use crate::cdm::Cdm;
use crate::cdm::life::{Diagnosed, Life, Place, Visit};
use crate::cdm::model::Model;
use crate::draw::whole;
use crate::program::concept::Class;
use crate::program::person::Sex;
use crate::program::table::{Cell, Sink};

/// What finds the terms.
const SYSTEM: &str = "templates of the simulation";

/// A note, and the place of its condition in characters.
pub(crate) struct Note {
    pub(crate) text: String,
    pub(crate) offset: usize,
}

/// A visit with a note, its position, and what was diagnosed first at it.
fn noted<'a, 'm>(life: &'a Life<'m>) -> impl Iterator<Item = (usize, &'a Visit, &'a Diagnosed<'m>)> {
    let all = life.visits.iter().enumerate().filter(|(_, visit)| visit.noted);
    all.filter_map(move |(at, visit)| Some((at, visit, life.diagnosed.iter().find(|one| one.visit == at)?)))
}

/// The note of a visit on a condition.
pub(crate) fn written(model: &Model, life: &Life<'_>, visit: &Visit, condition: &str) -> Note {
    let template = match visit.place {
        Place::Checkup | Place::Clinic => &model.notes.outpatient,
        Place::Emergency => &model.notes.emergency,
        Place::Hospital => &model.notes.inpatient,
    };
    let sex = if life.adult.person.sex == Sex::Male { "남자" } else { "여자" };
    let age = whole(life.adult.person.age(visit.first)).to_string();
    let filled = template.replace("{age}", &age).replace("{sex}", sex);
    let offset = filled.split("{condition}").next().map_or(0, |before| before.chars().count());
    Note { text: filled.replace("{condition}", condition), offset }
}

pub(crate) fn note(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    let details = details(program, life);
    for (at, visit, one) in noted(life) {
        let seen = seen(program, life, &details, at, visit.first);
        let attribute = |code: &str| own(program, Class::Attribute, code);
        let outpatient = matches!(visit.place, Place::Checkup | Place::Clinic);
        let (class, title) = if outpatient {
            ("clinic note", "외래 기록")
        } else {
            ("hospital note", "응급 또는 입원 기록")
        };
        sink.row(&[
            event(life, at),
            id(life),
            Cell::Date(visit.first),
            NONE,
            EHR,
            attribute(class),
            Cell::Text(title),
            Cell::Written(written(&program.model, life, visit, &one.illness.ko).text),
            attribute("UTF-8"),
            attribute("Korean language"),
            seen.provider,
            seen.visit,
            seen.detail,
            Cell::Text(class),
            event(life, at),
            own(program, Class::Field, "visit_occurrence.visit_occurrence_id"),
        ]);
    }
}

pub(crate) fn note_nlp(program: &Cdm, life: &Life<'_>, sink: &mut Sink) {
    for (at, visit, one) in noted(life) {
        let term = one.illness.ko.as_str();
        let note = written(&program.model, life, visit, term);
        sink.row(&[
            event(life, at),
            event(life, at),
            own(program, Class::Attribute, "assessment section"),
            Cell::Written(note.text.chars().take(250).collect()),
            Cell::Written(note.offset.to_string()),
            Cell::Text(term),
            own(program, Class::Condition, &one.illness.code),
            NONE,
            Cell::Text(SYSTEM),
            Cell::Date(visit.first),
            NONE,
            Cell::Text("Y"),
        ]);
    }
}
