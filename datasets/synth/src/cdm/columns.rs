//! The OMOP tables, version 5.4, that only this program makes: names and order of the columns are the standard's.

use crate::program::table::{Columns, Type};

pub(crate) const VISIT_DETAIL: Columns = &[
    ("visit_detail_id", Type::Int64),
    ("person_id", Type::Int64),
    ("visit_detail_concept_id", Type::Int64),
    ("visit_detail_start_date", Type::Date),
    ("visit_detail_start_datetime", Type::Timestamp),
    ("visit_detail_end_date", Type::Date),
    ("visit_detail_end_datetime", Type::Timestamp),
    ("visit_detail_type_concept_id", Type::Int64),
    ("provider_id", Type::Int64),
    ("care_site_id", Type::Int64),
    ("visit_detail_source_value", Type::Text),
    ("visit_detail_source_concept_id", Type::Int64),
    ("admitted_from_concept_id", Type::Int64),
    ("admitted_from_source_value", Type::Text),
    ("discharged_to_source_value", Type::Text),
    ("discharged_to_concept_id", Type::Int64),
    ("preceding_visit_detail_id", Type::Int64),
    ("parent_visit_detail_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
];

pub(crate) const DEVICE_EXPOSURE: Columns = &[
    ("device_exposure_id", Type::Int64),
    ("person_id", Type::Int64),
    ("device_concept_id", Type::Int64),
    ("device_exposure_start_date", Type::Date),
    ("device_exposure_start_datetime", Type::Timestamp),
    ("device_exposure_end_date", Type::Date),
    ("device_exposure_end_datetime", Type::Timestamp),
    ("device_type_concept_id", Type::Int64),
    ("unique_device_id", Type::Text),
    ("production_id", Type::Text),
    ("quantity", Type::Int64),
    ("provider_id", Type::Int64),
    ("visit_occurrence_id", Type::Int64),
    ("visit_detail_id", Type::Int64),
    ("device_source_value", Type::Text),
    ("device_source_concept_id", Type::Int64),
    ("unit_concept_id", Type::Int64),
    ("unit_source_value", Type::Text),
    ("unit_source_concept_id", Type::Int64),
];

pub(crate) const NOTE_NLP: Columns = &[
    ("note_nlp_id", Type::Int64),
    ("note_id", Type::Int64),
    ("section_concept_id", Type::Int64),
    ("snippet", Type::Text),
    ("offset", Type::Text),
    ("lexical_variant", Type::Text),
    ("note_nlp_concept_id", Type::Int64),
    ("note_nlp_source_concept_id", Type::Int64),
    ("nlp_system", Type::Text),
    ("nlp_date", Type::Date),
    ("nlp_datetime", Type::Timestamp),
    ("term_exists", Type::Text),
    ("term_temporal", Type::Text),
    ("term_modifiers", Type::Text),
];

pub(crate) const SPECIMEN: Columns = &[
    ("specimen_id", Type::Int64),
    ("person_id", Type::Int64),
    ("specimen_concept_id", Type::Int64),
    ("specimen_type_concept_id", Type::Int64),
    ("specimen_date", Type::Date),
    ("specimen_datetime", Type::Timestamp),
    ("quantity", Type::Float64),
    ("unit_concept_id", Type::Int64),
    ("anatomic_site_concept_id", Type::Int64),
    ("disease_status_concept_id", Type::Int64),
    ("specimen_source_id", Type::Text),
    ("specimen_source_value", Type::Text),
    ("unit_source_value", Type::Text),
    ("anatomic_site_source_value", Type::Text),
    ("disease_status_source_value", Type::Text),
];

pub(crate) const FACT_RELATIONSHIP: Columns = &[
    ("domain_concept_id_1", Type::Int64),
    ("fact_id_1", Type::Int64),
    ("domain_concept_id_2", Type::Int64),
    ("fact_id_2", Type::Int64),
    ("relationship_concept_id", Type::Int64),
];

pub(crate) const LOCATION: Columns = &[
    ("location_id", Type::Int64),
    ("address_1", Type::Text),
    ("address_2", Type::Text),
    ("city", Type::Text),
    ("state", Type::Text),
    ("zip", Type::Text),
    ("county", Type::Text),
    ("location_source_value", Type::Text),
    ("country_concept_id", Type::Int64),
    ("country_source_value", Type::Text),
    ("latitude", Type::Float64),
    ("longitude", Type::Float64),
];

pub(crate) const CARE_SITE: Columns = &[
    ("care_site_id", Type::Int64),
    ("care_site_name", Type::Text),
    ("place_of_service_concept_id", Type::Int64),
    ("location_id", Type::Int64),
    ("care_site_source_value", Type::Text),
    ("place_of_service_source_value", Type::Text),
];

pub(crate) const PROVIDER: Columns = &[
    ("provider_id", Type::Int64),
    ("provider_name", Type::Text),
    ("npi", Type::Text),
    ("dea", Type::Text),
    ("specialty_concept_id", Type::Int64),
    ("care_site_id", Type::Int64),
    ("year_of_birth", Type::Int64),
    ("gender_concept_id", Type::Int64),
    ("provider_source_value", Type::Text),
    ("specialty_source_value", Type::Text),
    ("specialty_source_concept_id", Type::Int64),
    ("gender_source_value", Type::Text),
    ("gender_source_concept_id", Type::Int64),
];

pub(crate) const PAYER_PLAN_PERIOD: Columns = &[
    ("payer_plan_period_id", Type::Int64),
    ("person_id", Type::Int64),
    ("payer_plan_period_start_date", Type::Date),
    ("payer_plan_period_end_date", Type::Date),
    ("payer_concept_id", Type::Int64),
    ("payer_source_value", Type::Text),
    ("payer_source_concept_id", Type::Int64),
    ("plan_concept_id", Type::Int64),
    ("plan_source_value", Type::Text),
    ("plan_source_concept_id", Type::Int64),
    ("sponsor_concept_id", Type::Int64),
    ("sponsor_source_value", Type::Text),
    ("sponsor_source_concept_id", Type::Int64),
    ("family_source_value", Type::Text),
    ("stop_reason_concept_id", Type::Int64),
    ("stop_reason_source_value", Type::Text),
    ("stop_reason_source_concept_id", Type::Int64),
];

pub(crate) const COST: Columns = &[
    ("cost_id", Type::Int64),
    ("cost_event_id", Type::Int64),
    ("cost_domain_id", Type::Text),
    ("cost_type_concept_id", Type::Int64),
    ("currency_concept_id", Type::Int64),
    ("total_charge", Type::Float64),
    ("total_cost", Type::Float64),
    ("total_paid", Type::Float64),
    ("paid_by_payer", Type::Float64),
    ("paid_by_patient", Type::Float64),
    ("paid_patient_copay", Type::Float64),
    ("paid_patient_coinsurance", Type::Float64),
    ("paid_patient_deductible", Type::Float64),
    ("paid_by_primary", Type::Float64),
    ("paid_ingredient_cost", Type::Float64),
    ("paid_dispensing_fee", Type::Float64),
    ("payer_plan_period_id", Type::Int64),
    ("amount_allowed", Type::Float64),
    ("revenue_code_concept_id", Type::Int64),
    ("revenue_code_source_value", Type::Text),
    ("drg_concept_id", Type::Int64),
    ("drg_source_value", Type::Text),
];

pub(crate) const DRUG_ERA: Columns = &[
    ("drug_era_id", Type::Int64),
    ("person_id", Type::Int64),
    ("drug_concept_id", Type::Int64),
    ("drug_era_start_date", Type::Date),
    ("drug_era_end_date", Type::Date),
    ("drug_exposure_count", Type::Int64),
    ("gap_days", Type::Int64),
];

pub(crate) const DOSE_ERA: Columns = &[
    ("dose_era_id", Type::Int64),
    ("person_id", Type::Int64),
    ("drug_concept_id", Type::Int64),
    ("unit_concept_id", Type::Int64),
    ("dose_value", Type::Float64),
    ("dose_era_start_date", Type::Date),
    ("dose_era_end_date", Type::Date),
];

pub(crate) const CONDITION_ERA: Columns = &[
    ("condition_era_id", Type::Int64),
    ("person_id", Type::Int64),
    ("condition_concept_id", Type::Int64),
    ("condition_era_start_date", Type::Date),
    ("condition_era_end_date", Type::Date),
    ("condition_occurrence_count", Type::Int64),
];

pub(crate) const METADATA: Columns = &[
    ("metadata_id", Type::Int64),
    ("metadata_concept_id", Type::Int64),
    ("metadata_type_concept_id", Type::Int64),
    ("name", Type::Text),
    ("value_as_string", Type::Text),
    ("value_as_concept_id", Type::Int64),
    ("value_as_number", Type::Float64),
    ("metadata_date", Type::Date),
    ("metadata_datetime", Type::Timestamp),
];

pub(crate) const CDM_SOURCE: Columns = &[
    ("cdm_source_name", Type::Text),
    ("cdm_source_abbreviation", Type::Text),
    ("cdm_holder", Type::Text),
    ("source_description", Type::Text),
    ("source_documentation_reference", Type::Text),
    ("cdm_etl_reference", Type::Text),
    ("source_release_date", Type::Date),
    ("cdm_release_date", Type::Date),
    ("cdm_version", Type::Text),
    ("cdm_version_concept_id", Type::Int64),
    ("vocabulary_version", Type::Text),
];

pub(crate) const VOCABULARY: Columns = &[
    ("vocabulary_id", Type::Text),
    ("vocabulary_name", Type::Text),
    ("vocabulary_reference", Type::Text),
    ("vocabulary_version", Type::Text),
    ("vocabulary_concept_id", Type::Int64),
];

pub(crate) const DOMAIN: Columns =
    &[("domain_id", Type::Text), ("domain_name", Type::Text), ("domain_concept_id", Type::Int64)];

pub(crate) const CONCEPT_CLASS: Columns =
    &[("concept_class_id", Type::Text), ("concept_class_name", Type::Text), ("concept_class_concept_id", Type::Int64)];

pub(crate) const CONCEPT_RELATIONSHIP: Columns = &[
    ("concept_id_1", Type::Int64),
    ("concept_id_2", Type::Int64),
    ("relationship_id", Type::Text),
    ("valid_start_date", Type::Date),
    ("valid_end_date", Type::Date),
    ("invalid_reason", Type::Text),
];

pub(crate) const RELATIONSHIP: Columns = &[
    ("relationship_id", Type::Text),
    ("relationship_name", Type::Text),
    ("is_hierarchical", Type::Text),
    ("defines_ancestry", Type::Text),
    ("reverse_relationship_id", Type::Text),
    ("relationship_concept_id", Type::Int64),
];

pub(crate) const CONCEPT_SYNONYM: Columns =
    &[("concept_id", Type::Int64), ("concept_synonym_name", Type::Text), ("language_concept_id", Type::Int64)];

pub(crate) const CONCEPT_ANCESTOR: Columns = &[
    ("ancestor_concept_id", Type::Int64),
    ("descendant_concept_id", Type::Int64),
    ("min_levels_of_separation", Type::Int64),
    ("max_levels_of_separation", Type::Int64),
];

pub(crate) const SOURCE_TO_CONCEPT_MAP: Columns = &[
    ("source_code", Type::Text),
    ("source_concept_id", Type::Int64),
    ("source_vocabulary_id", Type::Text),
    ("source_code_description", Type::Text),
    ("target_concept_id", Type::Int64),
    ("target_vocabulary_id", Type::Text),
    ("valid_start_date", Type::Date),
    ("valid_end_date", Type::Date),
    ("invalid_reason", Type::Text),
];

pub(crate) const DRUG_STRENGTH: Columns = &[
    ("drug_concept_id", Type::Int64),
    ("ingredient_concept_id", Type::Int64),
    ("amount_value", Type::Float64),
    ("amount_unit_concept_id", Type::Int64),
    ("numerator_value", Type::Float64),
    ("numerator_unit_concept_id", Type::Int64),
    ("denominator_value", Type::Float64),
    ("denominator_unit_concept_id", Type::Int64),
    ("box_size", Type::Int64),
    ("valid_start_date", Type::Date),
    ("valid_end_date", Type::Date),
    ("invalid_reason", Type::Text),
];

pub(crate) const COHORT: Columns = &[
    ("cohort_definition_id", Type::Int64),
    ("subject_id", Type::Int64),
    ("cohort_start_date", Type::Date),
    ("cohort_end_date", Type::Date),
];

pub(crate) const COHORT_DEFINITION: Columns = &[
    ("cohort_definition_id", Type::Int64),
    ("cohort_definition_name", Type::Text),
    ("cohort_definition_description", Type::Text),
    ("definition_type_concept_id", Type::Int64),
    ("cohort_definition_syntax", Type::Text),
    ("subject_concept_id", Type::Int64),
    ("cohort_initiation_date", Type::Date),
];
