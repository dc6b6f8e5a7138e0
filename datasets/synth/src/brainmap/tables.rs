//! The tables that the program can make: scans, volumes, and the OMOP tables of persons.

use super::Brainmap;
use super::scan::Life;
use crate::program::concept::{self, Class};
use crate::program::omop;
use crate::program::person::Sex;
use crate::program::table::{Cell, Columns, Layout, Sink, Type, Write};

/// ICD-10 codes of the two conditions.
pub(crate) const IMPAIRMENT: &str = "F06.7";
pub(crate) const ALZHEIMER: &str = "G30.9";

/// Events of a person in one table have numbers from the person's number times this.
const EVENTS_MAX: i64 = 10;

const SCAN: Columns = &[
    ("person_id", Type::Int64),
    ("scan", Type::Int32),
    ("scan_date", Type::Date),
    ("age", Type::Float64),
    ("sex", Type::Text),
    ("diagnosis", Type::Text),
    ("course", Type::Text),
    ("intracranial_ml", Type::Float64),
    ("nwbv", Type::Float64),
];

const REGIONAL_VOLUME: Columns = &[
    ("person_id", Type::Int64),
    ("scan", Type::Int32),
    ("scan_date", Type::Date),
    ("region", Type::Text),
    ("side", Type::Text),
    ("volume_mm3", Type::Float64),
];

pub(crate) const TABLES: &[Layout<Brainmap>] = &[
    Layout { name: "scan", columns: SCAN, write: Write::Person(scan) },
    Layout { name: "regional_volume", columns: REGIONAL_VOLUME, write: Write::Person(regional_volume) },
    Layout { name: "person", columns: omop::PERSON, write: Write::Person(person) },
    Layout { name: "observation_period", columns: omop::OBSERVATION_PERIOD, write: Write::Person(observation_period) },
    Layout {
        name: "condition_occurrence",
        columns: omop::CONDITION_OCCURRENCE,
        write: Write::Person(condition_occurrence),
    },
    Layout { name: "death", columns: omop::DEATH, write: Write::Person(death) },
    Layout { name: "concept", columns: omop::CONCEPT, write: Write::Once(omop::concepts) },
];

fn scan(_: &Brainmap, life: &Life, sink: &mut Sink) {
    for (number, scan) in (0..).zip(&life.scans) {
        sink.row(&[
            Cell::Integer(life.person.id()),
            Cell::Integer(number),
            Cell::Date(scan.day),
            Cell::Number((life.person.age(scan.day) * 100.0).round() / 100.0),
            Cell::Text(if life.person.sex == Sex::Male { "male" } else { "female" }),
            Cell::Text(scan.diagnosis),
            Cell::Text(life.group.name()),
            Cell::Number(life.intracranial_ml),
            Cell::Number(scan.nwbv),
        ]);
    }
}

fn regional_volume(program: &Brainmap, life: &Life, sink: &mut Sink) {
    for (number, scan) in (0..).zip(&life.scans) {
        for (region, volumes) in program.model.regions.iter().zip(&scan.volumes) {
            for (side, volume) in ["left", "right"].into_iter().zip(volumes) {
                sink.row(&[
                    Cell::Integer(life.person.id()),
                    Cell::Integer(number),
                    Cell::Date(scan.day),
                    Cell::Text(&region.name),
                    Cell::Text(side),
                    Cell::Number(*volume),
                ]);
            }
        }
    }
}

fn person(_: &Brainmap, life: &Life, sink: &mut Sink) {
    omop::person(&life.person, sink);
}

fn observation_period(program: &Brainmap, life: &Life, sink: &mut Sink) {
    sink.row(&[
        Cell::Integer(life.person.event_id(0, EVENTS_MAX)),
        Cell::Integer(life.person.id()),
        Cell::Date(program.model.population.on),
        Cell::Date(life.end),
        Cell::Integer(concept::EHR),
    ]);
}

/// A diagnosis is recorded at the first scan that has it.
fn condition_occurrence(program: &Brainmap, life: &Life, sink: &mut Sink) {
    for (position, (diagnosis, code)) in (0..).zip([("mci", IMPAIRMENT), ("ad", ALZHEIMER)]) {
        let Some(scan) = life.scans.iter().find(|scan| scan.diagnosis == diagnosis) else { continue };
        let mut cells = vec![Cell::Null; omop::CONDITION_OCCURRENCE.len()];
        let known = [
            ("condition_occurrence_id", Cell::Integer(life.person.event_id(position, EVENTS_MAX))),
            ("person_id", Cell::Integer(life.person.id())),
            ("condition_concept_id", Cell::Integer(program.concepts.own(Class::Condition, code))),
            ("condition_start_date", Cell::Date(scan.day)),
            ("condition_type_concept_id", Cell::Integer(concept::EHR)),
            ("condition_source_value", Cell::Text(code)),
        ];
        for ((column, _), cell) in omop::CONDITION_OCCURRENCE.iter().zip(&mut cells) {
            let found = known.iter().find(|(name, _)| name == column);
            *cell = found.map_or(Cell::Null, |(_, known)| known.clone());
        }
        sink.row(&cells);
    }
}

fn death(_: &Brainmap, life: &Life, sink: &mut Sink) {
    if life.dies {
        sink.row(&[Cell::Integer(life.person.id()), Cell::Date(life.end), Cell::Null, Cell::Integer(concept::EHR)]);
    }
}
