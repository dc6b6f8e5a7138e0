//! The concepts that the OMOP tables of the cancers name.

use super::model::{Cancer, Code, Model, Outcomes};
use super::patient::{Method, Smoking, Stage};
use super::stage;
use crate::SynthError;
use crate::program::concept::{Class, Concepts, Known};
use crate::program::person::Sex;

const PROSTATE: i64 = 200_962;
const BREAST: i64 = 4_112_853;
const COLON: i64 = 4_180_790;

const KNOWN: &[Known] = &[
    (PROSTATE, "Primary malignant neoplasm of prostate", "Condition", "SNOMED", "Disorder"),
    (BREAST, "Malignant tumor of breast", "Condition", "SNOMED", "Disorder"),
    (COLON, "Malignant tumor of colon", "Condition", "SNOMED", "Disorder"),
];

/// The concepts of the figures.
pub(crate) fn bind(model: &Model) -> Result<Concepts, SynthError> {
    let mut concepts = Concepts::new(super::NAME, KNOWN);
    add_staging(&mut concepts, model)?;
    add_courses(&mut concepts, model)?;
    for (code, name) in [("disease", "Disease episode"), ("treatment", "Treatment episode")] {
        concepts.add(Class::Episode, code, name)?;
    }
    for field in [
        "condition_occurrence.condition_occurrence_id",
        "procedure_occurrence.procedure_occurrence_id",
        "drug_exposure.drug_exposure_id",
    ] {
        concepts.add(Class::Field, field, field)?;
    }
    concepts.add(Class::Cause, "other", "A cause other than the cancer")?;
    Ok(concepts)
}

/// The condition of a primary cancer.
pub(crate) fn condition(concepts: &Concepts, cancer: Cancer, site: &Code) -> i64 {
    match cancer {
        Cancer::Prostate => PROSTATE,
        Cancer::Breast => BREAST,
        Cancer::Colorectal if site.code.starts_with("C18") => COLON,
        Cancer::Colorectal | Cancer::Lung | Cancer::Liver => concepts.own(Class::Condition, &site.code),
    }
}

fn add_staging(concepts: &mut Concepts, model: &Model) -> Result<(), SynthError> {
    let measurements = [
        ("t", "AJCC 8 clinical T category"),
        ("n", "AJCC 8 clinical N category"),
        ("m", "AJCC 8 clinical M category"),
        ("group", "AJCC 8 clinical stage group"),
        ("summary", "Summary stage"),
        ("histology", "Histology (ICD-O-3 morphology)"),
        ("grade", "Histologic grade, 1 to 4"),
        ("size", "Longest diameter of the tumour"),
        ("ecog", "ECOG performance status"),
        ("height", "Body height"),
        ("weight", "Body weight"),
    ];
    for (code, name) in measurements {
        concepts.add(Class::Measurement, code, name)?;
    }
    for unit in ["mm", "cm", "kg"] {
        concepts.add(Class::Unit, unit, unit)?;
    }
    for stage in Stage::ALL {
        concepts.add(Class::Category, stage.name(), &format!("Summary stage: {}", stage.name()))?;
    }
    for group in stage::GROUPS {
        concepts.add(Class::Category, &format!("group {group}"), &format!("AJCC 8 stage group {group}"))?;
    }
    concepts.add(Class::Condition, "metastasis", "Secondary malignant neoplasm")?;
    for kind in &model.kinds {
        for (t, n, m) in Stage::ALL.iter().flat_map(|stage| kind.stages.of(*stage).categories.things()) {
            for category in [t, n, m] {
                concepts.add(Class::Category, category, &format!("AJCC 8 clinical {category}"))?;
            }
        }
        for site in kind.sites.things() {
            concepts.add(Class::Condition, &site.code, &format!("Malignant neoplasm: {}", site.name))?;
        }
        for histology in kind.all_histologies() {
            concepts.add(Class::Histology, &histology.code, &histology.name)?;
        }
    }
    Ok(())
}

fn add_courses(concepts: &mut Concepts, model: &Model) -> Result<(), SynthError> {
    concepts.add(Class::Procedure, super::course::RADIATION, super::course::RADIATION)?;
    for kind in &model.kinds {
        let regimens = &kind.regimens;
        concepts.add(Class::Procedure, &regimens.surgery.en, &regimens.surgery.en)?;
        let drugs = [Some(&regimens.systemic), regimens.hormone.as_ref(), regimens.targeted.as_ref()];
        for drug in drugs.into_iter().flatten() {
            concepts.add(Class::Drug, drug, drug)?;
        }
        for marker in &kind.markers {
            concepts.add(Class::Measurement, &marker.code, &marker.code)?;
            if let Some(unit) = &marker.unit {
                concepts.add(Class::Unit, unit, unit)?;
            }
            let results: Vec<&String> = match &marker.result {
                Outcomes::Text { male, female } => male.things().chain(female.things()).collect(),
                Outcomes::TextByStage(by) => Stage::ALL.iter().flat_map(|stage| by.of(*stage).things()).collect(),
                Outcomes::LogNormal(_) | Outcomes::Normal(_) => Vec::new(),
            };
            for result in results {
                concepts.add(Class::Result, result, result)?;
            }
        }
    }
    let asked = [
        ("smoking", "Tobacco smoking"),
        ("drinking", "Kind of alcoholic drink"),
        ("response", "Best response to drugs (RECIST)"),
        ("recurrence", "Recurrence of the cancer"),
        ("progression", "Progression of the cancer"),
    ];
    for (code, name) in asked {
        concepts.add(Class::Observation, code, name)?;
    }
    let drinks = [Sex::Male, Sex::Female].into_iter().flat_map(|sex| model.drinking.of(sex).things());
    let responses = model.responses.iter().flat_map(|of_fate| of_fate.things());
    for answer in drinks.chain(responses) {
        concepts.add(Class::Answer, answer, answer)?;
    }
    for smoking in [Smoking::Never, Smoking::Past, Smoking::Current] {
        concepts.add(Class::Answer, smoking.name(), &format!("{} smoker", smoking.name()))?;
    }
    Ok(())
}

/// Whether a treatment is a drug or a procedure.
pub(crate) fn class_of(method: Method) -> Class {
    if method.is_drug() { Class::Drug } else { Class::Procedure }
}
