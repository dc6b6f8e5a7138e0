//! The concepts that the OMOP tables of the chronic program name.

use super::life::Disease;
use super::model::Model;
use super::spec::Drug;
use crate::SynthError;
use crate::program::adult::Smoking;
use crate::program::concept::{Class, Concepts};

/// What is measured: LOINC code, name and unit.
pub(crate) const MEASURED: [(&str, &str, &str); 12] = [
    ("8302-2", "Body height", "cm"),
    ("29463-7", "Body weight", "kg"),
    ("39156-5", "Body mass index", "kg/m2"),
    ("4548-4", "Haemoglobin A1c in blood", "%"),
    ("1558-6", "Fasting glucose in serum", "mg/dL"),
    ("2160-0", "Creatinine in serum", "mg/dL"),
    ("98979-8", "Glomerular filtration rate by CKD-EPI 2021", "mL/min/{1.73_m2}"),
    ("9318-7", "Albumin to creatinine in urine", "mg/g"),
    ("2093-3", "Total cholesterol in serum", "mg/dL"),
    ("2085-9", "HDL cholesterol in serum", "mg/dL"),
    ("2571-8", "Triglycerides in serum", "mg/dL"),
    ("13457-7", "LDL cholesterol in serum, calculated", "mg/dL"),
];

/// The risk of kidney failure: code and name.
pub(crate) const RISKS: [(&str, &str); 2] = [
    ("kfre 2 years", "Risk of kidney failure within two years by the four-variable equation"),
    ("kfre 5 years", "Risk of kidney failure within five years by the four-variable equation"),
];

/// Drugs in the order in which they are written.
pub(crate) const DRUGS: [Drug; 6] = [Drug::Metformin, Drug::Dpp4, Drug::Sglt2, Drug::Insulin, Drug::Acei, Drug::Statin];

pub(crate) const DIALYSIS: &str = "dialysis";
pub(crate) const EYES: &str = "fundus examination";
pub(crate) const OTHER_CAUSE: &str = "neither diabetes nor kidneys";

/// The concepts of the figures.
pub(crate) fn bind(model: &Model) -> Result<Concepts, SynthError> {
    let mut concepts = Concepts::new(super::NAME, &[]);
    for (code, name, unit) in MEASURED {
        concepts.add(Class::Measurement, code, name)?;
        concepts.add(Class::Unit, unit, unit)?;
    }
    for (code, name) in RISKS {
        concepts.add(Class::Measurement, code, name)?;
    }
    let conditions = [
        (Disease::Diabetes, "Type 2 diabetes mellitus"),
        (Disease::Kidney, "Chronic kidney disease"),
        (Disease::Failure, "End-stage kidney disease"),
    ];
    for (disease, name) in conditions {
        concepts.add(Class::Condition, icd10(disease), name)?;
    }
    for drug in DRUGS {
        let figures = model.drug(drug);
        concepts.add(Class::Substance, &figures.atc, &figures.name)?;
    }
    concepts.add(Class::Procedure, DIALYSIS, "Beginning of dialysis")?;
    concepts.add(Class::Procedure, EYES, "Examination of the ocular fundus")?;
    concepts.add(Class::Observation, "smoking", "Tobacco smoking")?;
    for smoking in Smoking::ALL {
        concepts.add(Class::Answer, smoking.name(), &format!("{} smoker", smoking.name()))?;
    }
    concepts.add(Class::Cause, OTHER_CAUSE, "A cause that diabetes and kidney disease have not added")?;
    Ok(concepts)
}

/// The ICD-10 code of a disease.
pub(crate) fn icd10(disease: Disease) -> &'static str {
    match disease {
        Disease::Diabetes => "E11.9",
        Disease::Kidney => "N18.9",
        Disease::Failure => "N18.6",
    }
}
