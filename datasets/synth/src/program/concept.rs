//! The concepts that the OMOP tables name: a few well-known ones, and own ones in the range kept for local use.
//!
//! This is a small subset made for the simulation, not a vocabulary: what is not surely known has an own number, which
//! follows from its class and code alone and is the same in every program.

use super::wrong;
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
pub(crate) const EMERGENCY: i64 = 9_203;

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
    Substance,
    Observation,
    Answer,
    Episode,
    Field,
    Cause,
    /// A group of conditions, such as a chapter of ICD-10.
    Group,
    /// A code as it stood in the source; not standard.
    Source,
    Ingredient,
    ClinicalDrug,
    /// A group of ingredients; it classifies and is not standard.
    DrugGroup,
    Device,
    Specimen,
    Place,
    Specialty,
    Payer,
    Route,
    /// Languages, currencies and what else describes records.
    Attribute,
    Domain,
    Vocabulary,
    /// A class of concepts.
    Kind,
    Relationship,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Condition => "Condition",
            Self::Measurement => "Measurement",
            Self::Category => "Staging category",
            Self::Histology => "ICD-O-3 histology",
            Self::Result => "Test result",
            Self::Unit => "Unit",
            Self::Procedure => "Procedure",
            Self::Drug => "Drug regimen",
            Self::Substance => "Drug substance",
            Self::Observation => "Observation",
            Self::Answer => "Answer",
            Self::Episode => "Episode",
            Self::Field => "Field",
            Self::Cause => "Cause of death",
            Self::Group => "Condition group",
            Self::Source => "Source code",
            Self::Ingredient => "Ingredient",
            Self::ClinicalDrug => "Clinical Drug",
            Self::DrugGroup => "Drug class",
            Self::Device => "Device",
            Self::Specimen => "Specimen",
            Self::Place => "Place of service",
            Self::Specialty => "Specialty",
            Self::Payer => "Payer",
            Self::Route => "Route",
            Self::Attribute => "Attribute",
            Self::Domain => "Domain",
            Self::Vocabulary => "Vocabulary",
            Self::Kind => "Concept Class",
            Self::Relationship => "Relationship",
        }
    }

    fn domain(self) -> &'static str {
        match self {
            Self::Condition | Self::Cause | Self::Group | Self::Source => "Condition",
            Self::Measurement => "Measurement",
            Self::Category | Self::Histology | Self::Result | Self::Answer => "Meas Value",
            Self::Unit => "Unit",
            Self::Procedure => "Procedure",
            Self::Drug | Self::Substance | Self::Ingredient | Self::ClinicalDrug | Self::DrugGroup => "Drug",
            Self::Observation => "Observation",
            Self::Episode => "Episode",
            Self::Device => "Device",
            Self::Specimen => "Specimen",
            Self::Place => "Visit",
            Self::Specialty => "Provider",
            Self::Payer => "Payer",
            Self::Route => "Route",
            Self::Field | Self::Attribute | Self::Domain | Self::Vocabulary | Self::Kind | Self::Relationship => {
                "Metadata"
            }
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
    program: &'static str,
    pub(crate) all: Vec<Concept>,
    own: BTreeMap<Class, BTreeMap<String, i64>>,
}

impl Concepts {
    /// The concepts that every program has, and further well-known ones: number, name, domain, vocabulary and class.
    pub(crate) fn new(program: &'static str, known: &[Known]) -> Self {
        let all = COMMON.iter().chain(known).map(well_known).collect();
        Self { program, all, own: BTreeMap::new() }
    }

    /// The number of an own concept; zero, which means no concept, for what is not known.
    pub(crate) fn own(&self, class: Class, code: &str) -> i64 {
        self.own.get(&class).and_then(|codes| codes.get(code)).copied().unwrap_or(NONE)
    }

    /// Adds an own concept; once is enough.
    pub(crate) fn add(&mut self, class: Class, code: &str, name: &str) -> Result<(), SynthError> {
        let codes = self.own.entry(class).or_default();
        if codes.contains_key(code) {
            return Ok(());
        }
        let id = number(class, code);
        if self.all.iter().any(|concept| concept.id == id) {
            return Err(wrong(self.program, code, "has the concept number of another; name it differently"));
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

/// Number, name, domain, vocabulary and class of a well-known concept.
pub(crate) type Known = (i64, &'static str, &'static str, &'static str, &'static str);

const COMMON: &[Known] = &[
    (NONE, "No matching concept", "Metadata", "None", "Undefined"),
    (MALE, "MALE", "Gender", "Gender", "Gender"),
    (FEMALE, "FEMALE", "Gender", "Gender", "Gender"),
    (KOREAN, "Korean", "Race", "Race", "Race"),
    (EHR, "EHR", "Type Concept", "Type Concept", "Type Concept"),
    (INPATIENT, "Inpatient Visit", "Visit", "Visit", "Visit"),
    (OUTPATIENT, "Outpatient Visit", "Visit", "Visit", "Visit"),
];

/// The vocabularies' own codes are not at hand: the number stands for the code.
fn well_known(&(id, name, domain, vocabulary, class): &Known) -> Concept {
    Concept { id, name: name.to_owned(), domain, vocabulary, class, code: id.to_string() }
}
