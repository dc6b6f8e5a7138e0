//! The concepts that the OMOP tables name: a few well-known ones, and own ones in the range kept for local use.
//!
//! This is a small subset made for the simulation, not a vocabulary: what is not surely known has an own number, which
//! follows from its class and code alone.

use super::model::{Cancer, Code, Model, Outcomes, wrong};
use super::patient::{Method, Sex, Smoking, Stage};
use super::stage;
use crate::SynthError;
use std::collections::BTreeMap;

/// Numbers from here on are free for local use.
const OWN_FROM: i64 = 2_000_000_000;
/// So many fit into the integers of OMOP's usual databases.
const OWN_COUNT: u64 = 147_000_000;

pub(crate) const NONE: i64 = 0;
pub(crate) const MALE: i64 = 8_507;
pub(crate) const FEMALE: i64 = 8_532;
pub(crate) const KOREAN: i64 = 38_003_585;
pub(crate) const EHR: i64 = 32_817;
pub(crate) const INPATIENT: i64 = 9_201;
pub(crate) const OUTPATIENT: i64 = 9_202;
const PROSTATE: i64 = 200_962;
const BREAST: i64 = 4_112_853;
const COLON: i64 = 4_180_790;

/// The classes of own concepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Condition,
    Measurement,
    Category,
    Histology,
    Result,
    Unit,
    Procedure,
    Drug,
    Observation,
    Answer,
    Episode,
    Field,
    Cause,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Condition => "Condition",
            Self::Measurement => "Measurement",
            Self::Category => "Staging category",
            Self::Histology => "ICD-O-3 histology",
            Self::Result => "Test result",
            Self::Unit => "Unit",
            Self::Procedure => "Procedure",
            Self::Drug => "Drug regimen",
            Self::Observation => "Observation",
            Self::Answer => "Answer",
            Self::Episode => "Episode",
            Self::Field => "Field",
            Self::Cause => "Cause of death",
        }
    }

    fn domain(self) -> &'static str {
        match self {
            Self::Condition | Self::Cause => "Condition",
            Self::Measurement => "Measurement",
            Self::Category | Self::Histology | Self::Result | Self::Answer => "Meas Value",
            Self::Unit => "Unit",
            Self::Procedure => "Procedure",
            Self::Drug => "Drug",
            Self::Observation => "Observation",
            Self::Episode => "Episode",
            Self::Field => "Metadata",
        }
    }
}

/// A row of the concept table.
#[derive(Debug)]
pub(crate) struct Concept {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) domain: &'static str,
    pub(crate) vocabulary: &'static str,
    pub(crate) class: &'static str,
    pub(crate) code: String,
}

/// Every concept, and the numbers of own ones by class and code.
#[derive(Debug)]
pub(crate) struct Concepts {
    pub(crate) all: Vec<Concept>,
    own: BTreeMap<Class, BTreeMap<String, i64>>,
}

impl Concepts {
    pub(crate) fn bind(model: &Model) -> Result<Self, SynthError> {
        let mut concepts = Self { all: known(), own: BTreeMap::new() };
        concepts.add_staging(model)?;
        concepts.add_courses(model)?;
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

    /// The number of an own concept; zero, which means no concept, for what is not known.
    pub(crate) fn own(&self, class: Class, code: &str) -> i64 {
        self.own.get(&class).and_then(|codes| codes.get(code)).copied().unwrap_or(NONE)
    }

    /// The condition of a primary cancer.
    pub(crate) fn condition(&self, cancer: Cancer, site: &Code) -> i64 {
        match cancer {
            Cancer::Prostate => PROSTATE,
            Cancer::Breast => BREAST,
            Cancer::Colorectal if site.code.starts_with("C18") => COLON,
            Cancer::Colorectal | Cancer::Lung | Cancer::Liver => self.own(Class::Condition, &site.code),
        }
    }

    fn add_staging(&mut self, model: &Model) -> Result<(), SynthError> {
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
            self.add(Class::Measurement, code, name)?;
        }
        for unit in ["mm", "cm", "kg"] {
            self.add(Class::Unit, unit, unit)?;
        }
        for stage in Stage::ALL {
            self.add(Class::Category, stage.name(), &format!("Summary stage: {}", stage.name()))?;
        }
        for group in stage::GROUPS {
            self.add(Class::Category, &format!("group {group}"), &format!("AJCC 8 stage group {group}"))?;
        }
        self.add(Class::Condition, "metastasis", "Secondary malignant neoplasm")?;
        for kind in &model.kinds {
            for (t, n, m) in Stage::ALL.iter().flat_map(|stage| kind.stages.of(*stage).categories.things()) {
                for category in [t, n, m] {
                    self.add(Class::Category, category, &format!("AJCC 8 clinical {category}"))?;
                }
            }
            for site in kind.sites.things() {
                self.add(Class::Condition, &site.code, &format!("Malignant neoplasm: {}", site.name))?;
            }
            for histology in kind.all_histologies() {
                self.add(Class::Histology, &histology.code, &histology.name)?;
            }
        }
        Ok(())
    }

    fn add_courses(&mut self, model: &Model) -> Result<(), SynthError> {
        self.add(Class::Procedure, super::course::RADIATION, super::course::RADIATION)?;
        for kind in &model.kinds {
            let regimens = &kind.regimens;
            self.add(Class::Procedure, &regimens.surgery.en, &regimens.surgery.en)?;
            let drugs = [Some(&regimens.systemic), regimens.hormone.as_ref(), regimens.targeted.as_ref()];
            for drug in drugs.into_iter().flatten() {
                self.add(Class::Drug, drug, drug)?;
            }
            for marker in &kind.markers {
                self.add(Class::Measurement, &marker.code, &marker.code)?;
                if let Some(unit) = &marker.unit {
                    self.add(Class::Unit, unit, unit)?;
                }
                let results: Vec<&String> = match &marker.result {
                    Outcomes::Text { male, female } => male.things().chain(female.things()).collect(),
                    Outcomes::TextByStage(by) => Stage::ALL.iter().flat_map(|stage| by.of(*stage).things()).collect(),
                    Outcomes::LogNormal(_) | Outcomes::Normal(_) => Vec::new(),
                };
                for result in results {
                    self.add(Class::Result, result, result)?;
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
            self.add(Class::Observation, code, name)?;
        }
        let drinks = [Sex::Male, Sex::Female].into_iter().flat_map(|sex| model.drinking.of(sex).things());
        let responses = model.responses.iter().flat_map(|of_fate| of_fate.things());
        for answer in drinks.chain(responses) {
            self.add(Class::Answer, answer, answer)?;
        }
        for smoking in [Smoking::Never, Smoking::Past, Smoking::Current] {
            self.add(Class::Answer, smoking.name(), &format!("{} smoker", smoking.name()))?;
        }
        Ok(())
    }

    fn add(&mut self, class: Class, code: &str, name: &str) -> Result<(), SynthError> {
        let codes = self.own.entry(class).or_default();
        if codes.contains_key(code) {
            return Ok(());
        }
        let id = number(class, code);
        if self.all.iter().any(|concept| concept.id == id) {
            return Err(wrong(code, "has the concept number of another; name it differently"));
        }
        codes.insert(code.to_owned(), id);
        let (name, code) = (name.to_owned(), code.to_owned());
        let (domain, vocabulary, class) = (class.domain(), "Mudeung", class.name());
        self.all.push(Concept { id, name, domain, vocabulary, class, code });
        Ok(())
    }
}

/// The number of an own concept, by FNV-1a of class and code.
fn number(class: Class, code: &str) -> i64 {
    let bytes = class.name().bytes().chain([0]).chain(code.bytes());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    OWN_FROM + i64::try_from(hash % OWN_COUNT).unwrap_or(0)
}

fn known() -> Vec<Concept> {
    let rows = [
        (NONE, "No matching concept", "Metadata", "None", "Undefined"),
        (MALE, "MALE", "Gender", "Gender", "Gender"),
        (FEMALE, "FEMALE", "Gender", "Gender", "Gender"),
        (KOREAN, "Korean", "Race", "Race", "Race"),
        (EHR, "EHR", "Type Concept", "Type Concept", "Type Concept"),
        (INPATIENT, "Inpatient Visit", "Visit", "Visit", "Visit"),
        (OUTPATIENT, "Outpatient Visit", "Visit", "Visit", "Visit"),
        (PROSTATE, "Primary malignant neoplasm of prostate", "Condition", "SNOMED", "Disorder"),
        (BREAST, "Malignant tumor of breast", "Condition", "SNOMED", "Disorder"),
        (COLON, "Malignant tumor of colon", "Condition", "SNOMED", "Disorder"),
    ];
    // The vocabularies' own codes are not at hand: the number stands for the code.
    let concept = |(id, name, domain, vocabulary, class): (i64, &str, _, _, _)| Concept {
        id,
        name: name.to_owned(),
        domain,
        vocabulary,
        class,
        code: id.to_string(),
    };
    rows.into_iter().map(concept).collect()
}

/// Whether a treatment is a drug or a procedure.
pub(crate) fn class_of(method: Method) -> Class {
    if method.is_drug() { Class::Drug } else { Class::Procedure }
}
