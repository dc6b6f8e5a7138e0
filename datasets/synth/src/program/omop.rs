//! The OMOP tables, version 5.4, as far as they are the same in every program: names and order of the columns are
//! those of the standard.
//!
//! Whole numbers have 64 bits, since the numbers of events grow with the persons.

use super::Simulation;
use super::concept;
use super::person::{Person, Sex};
use super::table::{Cell, Columns, Sink, Type};

pub(crate) const PERSON: Columns = &[
    ("person_id", Type::Int64),
    ("gender_concept_id", Type::Int64),
    ("year_of_birth", Type::Int64),
    ("month_of_birth", Type::Int64),
    ("day_of_birth", Type::Int64),
    ("birth_datetime", Type::Timestamp),
    ("race_concept_id", Type::Int64),
    ("ethnicity_concept_id", Type::Int64),
    ("location_id", Type::Int64),
    ("provider_id", Type::Int64),
    ("care_site_id", Type::Int64),
    ("person_source_value", Type::Text),
    ("gender_source_value", Type::Text),
    ("gender_source_concept_id", Type::Int64),
    ("race_source_value", Type::Text),
    ("race_source_concept_id", Type::Int64),
    ("ethnicity_source_value", Type::Text),
    ("ethnicity_source_concept_id", Type::Int64),
];

pub(crate) const OBSERVATION_PERIOD: Columns = &[
    ("observation_period_id", Type::Int64),
    ("person_id", Type::Int64),
    ("observation_period_start_date", Type::Date),
    ("observation_period_end_date", Type::Date),
    ("period_type_concept_id", Type::Int64),
];

pub(crate) const VISIT_OCCURRENCE: Columns = &[
    ("visit_occurrence_id", Type::Int64),
    ("person_id", Type::Int64),
    ("visit_concept_id", Type::Int64),
    ("visit_start_date", Type::Date),
    ("visit_start_datetime", Type::Timestamp),
    ("visit_end_date", Type::Date),
    ("visit_end_datetime", Type::Timestamp),
    ("visit_type_concept_id", Type::Int64),
    ("provider_id", Type::Int64),
    ("care_site_id", Type::Int64),
    ("visit_source_value", Type::Text),
    ("visit_source_concept_id", Type::Int64),
    ("admitted_from_concept_id", Type::Int64),
    ("admitted_from_source_value", Type::Text),
    ("discharged_to_concept_id", Type::Int64),
    ("discharged_to_source_value", Type::Text),
    ("preceding_visit_occurrence_id", Type::Int64),
];

pub(crate) const CONDITION_OCCURRENCE: Columns = &[
    ("condition_occurrence_id", Type::Int64),
    ("person_id", Type::Int64),
    ("condition_concept_id", Type::Int64),
    ("condition_start_date", Type::Date),
    ("condition_start_datetime", Type::Timestamp),
    ("condition_end_date", Type::Date),
    ("condition_end_datetime", Type::Timestamp),
    ("condition_type_concept_id", Type::Int64),
    ("condition_status_concept_id", Type::Int64),
    ("stop_reason", Type::Text),
    ("provider_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("visit_detail_id", Type::Int64),
    ("condition_source_value", Type::Text),
    ("condition_source_concept_id", Type::Int64),
    ("condition_status_source_value", Type::Text),
];

pub(crate) const DRUG_EXPOSURE: Columns = &[
    ("drug_exposure_id", Type::Int64),
    ("person_id", Type::Int64),
    ("drug_concept_id", Type::Int64),
    ("drug_exposure_start_date", Type::Date),
    ("drug_exposure_start_datetime", Type::Timestamp),
    ("drug_exposure_end_date", Type::Date),
    ("drug_exposure_end_datetime", Type::Timestamp),
    ("verbatim_end_date", Type::Date),
    ("drug_type_concept_id", Type::Int64),
    ("stop_reason", Type::Text),
    ("refills", Type::Int64),
    ("quantity", Type::Float64),
    ("days_supply", Type::Int64),
    ("sig", Type::Text),
    ("route_concept_id", Type::Int64),
    ("lot_number", Type::Text),
    ("provider_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("visit_detail_id", Type::Int64),
    ("drug_source_value", Type::Text),
    ("drug_source_concept_id", Type::Int64),
    ("route_source_value", Type::Text),
    ("dose_unit_source_value", Type::Text),
];

pub(crate) const PROCEDURE_OCCURRENCE: Columns = &[
    ("procedure_occurrence_id", Type::Int64),
    ("person_id", Type::Int64),
    ("procedure_concept_id", Type::Int64),
    ("procedure_date", Type::Date),
    ("procedure_datetime", Type::Timestamp),
    ("procedure_end_date", Type::Date),
    ("procedure_end_datetime", Type::Timestamp),
    ("procedure_type_concept_id", Type::Int64),
    ("modifier_concept_id", Type::Int64),
    ("quantity", Type::Int64),
    ("provider_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("visit_detail_id", Type::Int64),
    ("procedure_source_value", Type::Text),
    ("procedure_source_concept_id", Type::Int64),
    ("modifier_source_value", Type::Text),
];

pub(crate) const MEASUREMENT: Columns = &[
    ("measurement_id", Type::Int64),
    ("person_id", Type::Int64),
    ("measurement_concept_id", Type::Int64),
    ("measurement_date", Type::Date),
    ("measurement_datetime", Type::Timestamp),
    ("measurement_time", Type::Text),
    ("measurement_type_concept_id", Type::Int64),
    ("operator_concept_id", Type::Int64),
    ("value_as_number", Type::Float64),
    ("value_as_concept_id", Type::Int64),
    ("unit_concept_id", Type::Int64),
    ("range_low", Type::Float64),
    ("range_high", Type::Float64),
    ("provider_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("visit_detail_id", Type::Int64),
    ("measurement_source_value", Type::Text),
    ("measurement_source_concept_id", Type::Int64),
    ("unit_source_value", Type::Text),
    ("unit_source_concept_id", Type::Int64),
    ("value_source_value", Type::Text),
    ("measurement_event_id", Type::Int64),
    ("meas_event_field_concept_id", Type::Int64),
];

pub(crate) const OBSERVATION: Columns = &[
    ("observation_id", Type::Int64),
    ("person_id", Type::Int64),
    ("observation_concept_id", Type::Int64),
    ("observation_date", Type::Date),
    ("observation_datetime", Type::Timestamp),
    ("observation_type_concept_id", Type::Int64),
    ("value_as_number", Type::Float64),
    ("value_as_string", Type::Text),
    ("value_as_concept_id", Type::Int64),
    ("qualifier_concept_id", Type::Int64),
    ("unit_concept_id", Type::Int64),
    ("provider_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("visit_detail_id", Type::Int64),
    ("observation_source_value", Type::Text),
    ("observation_source_concept_id", Type::Int64),
    ("unit_source_value", Type::Text),
    ("qualifier_source_value", Type::Text),
    ("value_source_value", Type::Text),
    ("observation_event_id", Type::Int64),
    ("obs_event_field_concept_id", Type::Int64),
];

pub(crate) const NOTE: Columns = &[
    ("note_id", Type::Int64),
    ("person_id", Type::Int64),
    ("note_date", Type::Date),
    ("note_datetime", Type::Timestamp),
    ("note_type_concept_id", Type::Int64),
    ("note_class_concept_id", Type::Int64),
    ("note_title", Type::Text),
    ("note_text", Type::Text),
    ("encoding_concept_id", Type::Int64),
    ("language_concept_id", Type::Int64),
    ("provider_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("visit_detail_id", Type::Int64),
    ("note_source_value", Type::Text),
    ("note_event_id", Type::Int64),
    ("note_event_field_concept_id", Type::Int64),
];

pub(crate) const DEATH: Columns = &[
    ("person_id", Type::Int64),
    ("death_date", Type::Date),
    ("death_datetime", Type::Timestamp),
    ("death_type_concept_id", Type::Int64),
    ("cause_concept_id", Type::Int64),
    ("cause_source_value", Type::Text),
    ("cause_source_concept_id", Type::Int64),
];

pub(crate) const EPISODE: Columns = &[
    ("episode_id", Type::Int64),
    ("person_id", Type::Int64),
    ("episode_concept_id", Type::Int64),
    ("episode_start_date", Type::Date),
    ("episode_start_datetime", Type::Timestamp),
    ("episode_end_date", Type::Date),
    ("episode_end_datetime", Type::Timestamp),
    ("episode_parent_id", Type::Int64),
    ("episode_number", Type::Int64),
    ("episode_object_concept_id", Type::Int64),
    ("episode_type_concept_id", Type::Int64),
    ("episode_source_value", Type::Text),
    ("episode_source_concept_id", Type::Int64),
];

pub(crate) const EPISODE_EVENT: Columns =
    &[("episode_id", Type::Int64), ("event_id", Type::Int64), ("episode_event_field_concept_id", Type::Int64)];

pub(crate) const CONCEPT: Columns = &[
    ("concept_id", Type::Int64),
    ("concept_name", Type::Text),
    ("domain_id", Type::Text),
    ("vocabulary_id", Type::Text),
    ("concept_class_id", Type::Text),
    ("standard_concept", Type::Text),
    ("concept_code", Type::Text),
    ("valid_start_date", Type::Date),
    ("valid_end_date", Type::Date),
    ("invalid_reason", Type::Text),
];

/// The row of a person.
pub(crate) fn person(person: &Person, sink: &mut Sink) {
    let (year, month, day) = super::calendar::civil(person.birth);
    let (concept, letter) = if person.sex == Sex::Male { (concept::MALE, "M") } else { (concept::FEMALE, "F") };
    sink.row(&[
        Cell::Integer(person.id()),
        Cell::Integer(concept),
        Cell::Integer(year.into()),
        Cell::Integer(month.into()),
        Cell::Integer(day.into()),
        Cell::Null,
        Cell::Integer(concept::KOREAN),
        Cell::Integer(concept::NONE),
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Written(person.id().to_string()),
        Cell::Text(letter),
    ]);
}

/// The rows of all concepts.
pub(crate) fn concepts<S: Simulation>(simulation: &S, sink: &mut Sink) {
    let first = super::calendar::days((1970, 1, 1));
    let last = super::calendar::days((2099, 12, 31));
    for concept in &simulation.concepts().all {
        let is_standard = concept.id != concept::NONE;
        sink.row(&[
            Cell::Integer(concept.id),
            Cell::Text(&concept.name),
            Cell::Text(concept.domain),
            Cell::Text(concept.vocabulary),
            Cell::Text(concept.class),
            if is_standard { Cell::Text("S") } else { Cell::Null },
            Cell::Text(&concept.code),
            Cell::Date(first),
            Cell::Date(last),
        ]);
    }
}
