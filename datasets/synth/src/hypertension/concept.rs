//! The concepts that the OMOP tables of hypertension name.

use super::life::Disease;
use super::model::Model;
use crate::SynthError;
use crate::program::adult::Smoking;
use crate::program::concept::{Class, Concepts, Known};

pub(crate) const SYSTOLIC: i64 = 3_004_249;
pub(crate) const DIASTOLIC: i64 = 3_012_888;
pub(crate) const MMHG: i64 = 8_876;

const KNOWN: &[Known] = &[
    (SYSTOLIC, "Systolic blood pressure", "Measurement", "LOINC", "Clinical Observation"),
    (DIASTOLIC, "Diastolic blood pressure", "Measurement", "LOINC", "Clinical Observation"),
    (MMHG, "millimeter mercury column", "Unit", "UCUM", "Unit"),
];

/// What is measured beside blood pressure: LOINC code, name and unit.
pub(crate) const MEASURED: [(&str, &str, &str); 10] = [
    ("8867-4", "Heart rate", "/min"),
    ("8302-2", "Body height", "cm"),
    ("29463-7", "Body weight", "kg"),
    ("39156-5", "Body mass index", "kg/m2"),
    ("2093-3", "Total cholesterol in serum", "mg/dL"),
    ("2085-9", "HDL cholesterol in serum", "mg/dL"),
    ("2160-0", "Creatinine in serum", "mg/dL"),
    ("98979-8", "Glomerular filtration rate by CKD-EPI 2021", "mL/min/{1.73_m2}"),
    ("1558-6", "Fasting glucose in serum", "mg/dL"),
    ("4548-4", "Haemoglobin A1c in blood", "%"),
];

/// Weekly means of home readings: code and name.
pub(crate) const HOME: [(&str, &str); 2] = [
    ("home systolic", "Systolic blood pressure at home, mean of the readings of a week"),
    ("home diastolic", "Diastolic blood pressure at home, mean of the readings of a week"),
];

/// The concepts of the figures.
pub(crate) fn bind(model: &Model) -> Result<Concepts, SynthError> {
    let mut concepts = Concepts::new(super::NAME, KNOWN);
    for (code, name, unit) in MEASURED {
        concepts.add(Class::Measurement, code, name)?;
        concepts.add(Class::Unit, unit, unit)?;
    }
    for (code, name) in HOME {
        concepts.add(Class::Measurement, code, name)?;
    }
    let conditions = [
        (Disease::Hypertension, "Essential hypertension"),
        (Disease::Diabetes, "Type 2 diabetes mellitus"),
        (Disease::Kidney, "Chronic kidney disease"),
        (Disease::Outcome(0), "Acute myocardial infarction"),
        (Disease::Outcome(1), "Cerebral infarction"),
        (Disease::Outcome(2), "Heart failure"),
    ];
    for (disease, name) in conditions {
        concepts.add(Class::Condition, icd10(model, disease), name)?;
    }
    for (_, atc, name) in model.drugs.classes.iter().chain([&model.drugs.statin]) {
        concepts.add(Class::Substance, atc, name)?;
    }
    concepts.add(Class::Observation, "smoking", "Tobacco smoking")?;
    for smoking in Smoking::ALL {
        concepts.add(Class::Answer, smoking.name(), &format!("{} smoker", smoking.name()))?;
    }
    concepts.add(Class::Cause, "not cardiovascular", "A cause other than the outcomes that are simulated")?;
    Ok(concepts)
}

/// The ICD-10 code of a disease.
pub(crate) fn icd10(model: &Model, disease: Disease) -> &str {
    match disease {
        Disease::Hypertension => "I10",
        Disease::Diabetes => "E11.9",
        Disease::Kidney => "N18.9",
        Disease::Outcome(position) => model.outcomes.get(position).map_or("", |outcome| &outcome.icd10),
    }
}
