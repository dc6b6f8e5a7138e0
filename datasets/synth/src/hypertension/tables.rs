//! The tables that the program can make: OMOP 5.4, and the readings at home as a device would send them.

use super::{Hypertension, events, lives};
use crate::program::omop;
use crate::program::table::{Columns, Layout, Type, Write};

const HOME_READING: Columns = &[
    ("person_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("measured_at", Type::Timestamp),
    ("day", Type::Int32),
    ("session", Type::Text),
    ("reading", Type::Int32),
    ("systolic", Type::Int32),
    ("diastolic", Type::Int32),
    ("pulse", Type::Int32),
    ("device_error", Type::Boolean),
];

pub(crate) const TABLES: &[Layout<Hypertension>] = &[
    Layout { name: "home_reading", columns: HOME_READING, write: Write::Person(events::home_reading) },
    Layout { name: "person", columns: omop::PERSON, write: Write::Person(lives::person) },
    Layout {
        name: "observation_period",
        columns: omop::OBSERVATION_PERIOD,
        write: Write::Person(lives::observation_period),
    },
    Layout { name: "visit_occurrence", columns: omop::VISIT_OCCURRENCE, write: Write::Person(lives::visit_occurrence) },
    Layout {
        name: "condition_occurrence",
        columns: omop::CONDITION_OCCURRENCE,
        write: Write::Person(lives::condition_occurrence),
    },
    Layout { name: "drug_exposure", columns: omop::DRUG_EXPOSURE, write: Write::Person(events::drug_exposure) },
    Layout { name: "measurement", columns: omop::MEASUREMENT, write: Write::Person(events::measurement) },
    Layout { name: "observation", columns: omop::OBSERVATION, write: Write::Person(events::observation) },
    Layout { name: "death", columns: omop::DEATH, write: Write::Person(lives::death) },
    Layout { name: "concept", columns: omop::CONCEPT, write: Write::Once(omop::concepts) },
];
