//! All 39 tables of the Common Data Model 5.4, and what writes each.

use super::Cdm;
use super::columns;
use super::life::Life;
use super::write::{care, derived, event, note, result, terms};
use crate::program::omop;
use crate::program::table::{Columns, Layout, Sink, Write};

type Each = fn(&Cdm, &Life<'_>, &mut Sink);

const fn each(name: &'static str, columns: Columns, write: Each) -> Layout<Cdm> {
    Layout { name, columns, write: Write::Person(write) }
}

const fn once(name: &'static str, columns: Columns, write: fn(&Cdm, &mut Sink)) -> Layout<Cdm> {
    Layout { name, columns, write: Write::Once(write) }
}

pub(crate) const TABLES: &[Layout<Cdm>] = &[
    each("person", omop::PERSON, care::person),
    each("observation_period", omop::OBSERVATION_PERIOD, care::observation_period),
    each("visit_occurrence", omop::VISIT_OCCURRENCE, care::visit_occurrence),
    each("visit_detail", columns::VISIT_DETAIL, care::visit_detail),
    each("condition_occurrence", omop::CONDITION_OCCURRENCE, event::condition_occurrence),
    each("drug_exposure", omop::DRUG_EXPOSURE, event::drug_exposure),
    each("procedure_occurrence", omop::PROCEDURE_OCCURRENCE, event::procedure_occurrence),
    each("device_exposure", columns::DEVICE_EXPOSURE, event::device_exposure),
    each("measurement", omop::MEASUREMENT, result::measurement),
    each("observation", omop::OBSERVATION, result::observation),
    each("death", omop::DEATH, event::death),
    each("note", omop::NOTE, note::note),
    each("note_nlp", columns::NOTE_NLP, note::note_nlp),
    each("specimen", columns::SPECIMEN, result::specimen),
    each("fact_relationship", columns::FACT_RELATIONSHIP, result::fact_relationship),
    once("location", columns::LOCATION, care::location),
    once("care_site", columns::CARE_SITE, care::care_sites),
    once("provider", columns::PROVIDER, care::providers),
    each("payer_plan_period", columns::PAYER_PLAN_PERIOD, care::payer_plan_period),
    each("cost", columns::COST, care::cost),
    each("drug_era", columns::DRUG_ERA, derived::drug_era),
    each("dose_era", columns::DOSE_ERA, derived::dose_era),
    each("condition_era", columns::CONDITION_ERA, derived::condition_era),
    each("episode", omop::EPISODE, derived::episode),
    each("episode_event", omop::EPISODE_EVENT, derived::episode_event),
    once("metadata", columns::METADATA, terms::metadata),
    once("cdm_source", columns::CDM_SOURCE, terms::cdm_source),
    once("concept", omop::CONCEPT, terms::concepts),
    once("vocabulary", columns::VOCABULARY, terms::vocabularies),
    once("domain", columns::DOMAIN, terms::domains),
    once("concept_class", columns::CONCEPT_CLASS, terms::concept_classes),
    once("concept_relationship", columns::CONCEPT_RELATIONSHIP, terms::concept_relationship),
    once("relationship", columns::RELATIONSHIP, terms::relationships),
    once("concept_synonym", columns::CONCEPT_SYNONYM, terms::concept_synonym),
    once("concept_ancestor", columns::CONCEPT_ANCESTOR, terms::concept_ancestor),
    once("source_to_concept_map", columns::SOURCE_TO_CONCEPT_MAP, terms::source_to_concept_map),
    once("drug_strength", columns::DRUG_STRENGTH, terms::drug_strength),
    each("cohort", columns::COHORT, derived::cohort),
    once("cohort_definition", columns::COHORT_DEFINITION, derived::cohort_definition),
];
