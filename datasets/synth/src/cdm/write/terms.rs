//! The vocabulary's tables, and what is said of the whole.

use super::{EHR, NONE, own};
use crate::cdm::Cdm;
use crate::cdm::vocabulary::{HAS_INGREDIENT, IS_A, MAPS_TO, MILLIGRAM, OWN, RELATIONS, Vocabulary};
use crate::program::calendar;
use crate::program::concept::{self, Class};
use crate::program::table::{Cell, Sink};

fn valid() -> [Cell<'static>; 2] {
    [(1970, 1, 1), (2099, 12, 31)].map(|day| Cell::Date(calendar::days(day)))
}

pub(crate) fn concepts(program: &Cdm, sink: &mut Sink) {
    let [first, last] = valid();
    for concept in &program.vocabulary.concepts.all {
        sink.row(&[
            Cell::Integer(concept.id),
            Cell::Text(&concept.name),
            Cell::Text(concept.domain),
            Cell::Text(concept.vocabulary),
            Cell::Text(concept.class),
            Cell::text(Vocabulary::standard(concept)),
            Cell::Text(&concept.code),
            first.clone(),
            last.clone(),
        ]);
    }
}

pub(crate) fn vocabularies(program: &Cdm, sink: &mut Sink) {
    for name in &program.vocabulary.vocabularies {
        let of = own(program, Class::Vocabulary, name);
        let about = if *name == OWN { "own concepts of this simulation" } else { "a few of its concepts" };
        sink.row(&[Cell::Text(name), Cell::Text(name), Cell::Text(about), Cell::Text("subset 1"), of]);
    }
}

pub(crate) fn domains(program: &Cdm, sink: &mut Sink) {
    for name in &program.vocabulary.domains {
        sink.row(&[Cell::Text(name), Cell::Text(name), own(program, Class::Domain, name)]);
    }
}

pub(crate) fn concept_classes(program: &Cdm, sink: &mut Sink) {
    for name in &program.vocabulary.classes {
        sink.row(&[Cell::Text(name), Cell::Text(name), own(program, Class::Kind, name)]);
    }
}

/// Every edge of the hierarchy and every code, both ways round; what is standard maps to itself.
pub(crate) fn concept_relationship(program: &Cdm, sink: &mut Sink) {
    let vocabulary = &program.vocabulary;
    let [first, last] = valid();
    let mut both = |from: i64, to: i64, id: &'static str| {
        let reverse = RELATIONS.iter().find(|relation| relation.id == id).map_or(id, |relation| relation.reverse);
        for (one, other, relation) in [(from, to, id), (to, from, reverse)] {
            let (one, other) = (Cell::Integer(one), Cell::Integer(other));
            sink.row(&[one, other, Cell::Text(relation), first.clone(), last.clone()]);
        }
    };
    for edge in &vocabulary.edges {
        both(edge.child, edge.parent, edge.relation);
    }
    for concept in vocabulary.concepts.all.iter().filter(|one| Vocabulary::standard(one) == Some("S")) {
        both(concept.id, concept.id, MAPS_TO);
    }
    for mapped in vocabulary.mapped.iter().filter(|mapped| mapped.source != concept::NONE) {
        both(mapped.source, mapped.target, MAPS_TO);
    }
}

pub(crate) fn relationships(program: &Cdm, sink: &mut Sink) {
    let flag = |holds: bool| Cell::Text(if holds { "1" } else { "0" });
    for relation in &RELATIONS {
        sink.row(&[
            Cell::Text(relation.id),
            Cell::Text(relation.id),
            flag(relation.hierarchical),
            flag(relation.ancestry),
            Cell::Text(relation.reverse),
            own(program, Class::Relationship, relation.id),
        ]);
    }
}

pub(crate) fn concept_synonym(program: &Cdm, sink: &mut Sink) {
    for (id, name) in &program.vocabulary.synonyms {
        sink.row(&[Cell::Integer(*id), Cell::Text(name), own(program, Class::Attribute, "Korean language")]);
    }
}

pub(crate) fn concept_ancestor(program: &Cdm, sink: &mut Sink) {
    for ((ancestor, descendant), (fewest, most)) in &program.vocabulary.ancestors {
        let levels = [fewest, most].map(|levels| Cell::Integer((*levels).into()));
        let [fewest, most] = levels;
        sink.row(&[Cell::Integer(*ancestor), Cell::Integer(*descendant), fewest, most]);
    }
}

pub(crate) fn source_to_concept_map(program: &Cdm, sink: &mut Sink) {
    let [first, last] = valid();
    for mapped in &program.vocabulary.mapped {
        sink.row(&[
            Cell::Text(&mapped.code),
            Cell::Integer(mapped.source),
            Cell::Text(mapped.vocabulary),
            Cell::Text(&mapped.description),
            Cell::Integer(mapped.target),
            Cell::Text(OWN),
            first.clone(),
            last.clone(),
        ]);
    }
}

pub(crate) fn drug_strength(program: &Cdm, sink: &mut Sink) {
    let [first, last] = valid();
    for drug in &program.model.drugs {
        for (atc, mg) in &drug.of {
            sink.row(&[
                own(program, Class::ClinicalDrug, &drug.code),
                own(program, Class::Ingredient, atc),
                Cell::Number(*mg),
                own(program, Class::Unit, MILLIGRAM),
                NONE,
                NONE,
                NONE,
                NONE,
                NONE,
                first.clone(),
                last.clone(),
            ]);
        }
    }
}

pub(crate) fn cdm_source(program: &Cdm, sink: &mut Sink) {
    let day = Cell::Date(program.model.last_day);
    sink.row(&[
        Cell::Text("Simulated general population of adults in Korea"),
        Cell::Text("mudeung-cdm"),
        Cell::Text("Mudeung"),
        Cell::Text("Simulated: no real person is in these tables"),
        Cell::Text("README.md of the definition"),
        Cell::Text("generator.toml of the definition"),
        day.clone(),
        day,
        Cell::Text("v5.4"),
        own(program, Class::Attribute, "CDM 5.4"),
        Cell::Text("Mudeung subset 1"),
    ]);
}

pub(crate) fn metadata(program: &Cdm, sink: &mut Sink) {
    let said = [
        ("simulated", "true"),
        ("vocabulary", "a small subset with own concepts from 2000000000 on"),
        ("hierarchy", IS_A),
        ("eras", "gaps of at most 30 days"),
        ("ingredients", HAS_INGREDIENT),
    ];
    for (row, (name, value)) in (1..).zip(said) {
        sink.row(&[
            Cell::Integer(row),
            Cell::Integer(concept::NONE),
            EHR,
            Cell::Text(name),
            Cell::Text(value),
            NONE,
            NONE,
            Cell::Date(program.model.last_day),
        ]);
    }
}
