//! The OMOP tables that are made, with the columns of the standard. Times of day are always null.

use super::{Cancer5, events, lives};
use crate::program::omop;
use crate::program::table::{Layout, Write};

pub(crate) const TABLES: &[Layout<Cancer5>] = &[
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
    Layout {
        name: "procedure_occurrence",
        columns: omop::PROCEDURE_OCCURRENCE,
        write: Write::Person(events::procedure_occurrence),
    },
    Layout { name: "measurement", columns: omop::MEASUREMENT, write: Write::Person(events::measurement) },
    Layout { name: "observation", columns: omop::OBSERVATION, write: Write::Person(events::observation) },
    Layout { name: "death", columns: omop::DEATH, write: Write::Person(lives::death) },
    Layout { name: "episode", columns: omop::EPISODE, write: Write::Person(events::episode) },
    Layout { name: "episode_event", columns: omop::EPISODE_EVENT, write: Write::Person(events::episode_event) },
    Layout { name: "concept", columns: omop::CONCEPT, write: Write::Once(omop::concepts) },
];
