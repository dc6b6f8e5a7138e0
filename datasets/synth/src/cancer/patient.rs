//! A simulated patient: everything that happened, once, before it is written as a table or a document.

use super::model::{Cancer, Code, Kind};
use crate::program::person::Person;

/// Summary stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Localized,
    Regional,
    Distant,
    Unknown,
}

impl Stage {
    /// In the order in which shares are drawn.
    pub(crate) const ALL: [Self; 4] = [Self::Localized, Self::Regional, Self::Distant, Self::Unknown];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Localized => "localized",
            Self::Regional => "regional",
            Self::Distant => "distant",
            Self::Unknown => "unknown",
        }
    }
}

/// Tobacco.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Smoking {
    Never,
    Past,
    Current,
}

impl Smoking {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Past => "past",
            Self::Current => "current",
        }
    }
}

/// What a patient was treated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Surgery,
    Chemotherapy,
    Hormone,
    Targeted,
    Radiation,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Surgery => "surgery",
            Self::Chemotherapy => "chemotherapy",
            Self::Hormone => "hormone",
            Self::Targeted => "targeted",
            Self::Radiation => "radiation",
        }
    }

    pub(crate) fn is_drug(self) -> bool {
        matches!(self, Self::Chemotherapy | Self::Hormone | Self::Targeted)
    }
}

/// A treatment from its first to its last day.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Treatment<'m> {
    pub(crate) method: Method,
    pub(crate) name: &'m str,
    pub(crate) start: i32,
    pub(crate) end: i32,
}

/// The result of a test or marker.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Test<'m> {
    pub(crate) code: &'m str,
    pub(crate) unit: Option<&'m str>,
    pub(crate) date: i32,
    pub(crate) number: Option<f64>,
    pub(crate) text: Option<&'m str>,
}

/// The end of a life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Death {
    pub(crate) date: i32,
    pub(crate) by_cancer: bool,
}

/// A patient. Dates are days since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Patient<'m> {
    pub(crate) person: Person,
    pub(crate) kind: &'m Kind,
    pub(crate) diagnosis: i32,
    /// In completed years at diagnosis.
    pub(crate) age: i32,
    pub(crate) stage: Stage,
    pub(crate) t: &'m str,
    pub(crate) n: &'m str,
    pub(crate) m: &'m str,
    /// AJCC 8 stage group.
    pub(crate) group: &'static str,
    pub(crate) site: &'m Code,
    pub(crate) histology: &'m Code,
    pub(crate) grade: Option<i32>,
    pub(crate) ecog: i32,
    pub(crate) size_mm: Option<i32>,
    pub(crate) height_cm: f64,
    pub(crate) weight_kg: f64,
    pub(crate) smoking: Smoking,
    pub(crate) drinking: &'m str,
    pub(crate) tests: Vec<Test<'m>>,
    pub(crate) treatments: Vec<Treatment<'m>>,
    /// The report on what surgery removed.
    pub(crate) pathology: Option<i32>,
    pub(crate) response: Option<(&'m str, i32)>,
    /// The day on which the cancer came back or grew on.
    pub(crate) recurrence: Option<i32>,
    /// Death, or the last day on which the patient was known to live.
    pub(crate) end: i32,
    pub(crate) death: Option<Death>,
}

impl Patient<'_> {
    pub(crate) fn id(&self) -> i64 {
        self.person.id()
    }

    pub(crate) fn cancer(&self) -> Cancer {
        self.kind.cancer
    }

    pub(crate) fn test(&self, code: &str) -> Option<&Test<'_>> {
        self.tests.iter().find(|test| test.code == code)
    }

    pub(crate) fn treated(&self, method: Method) -> bool {
        self.treatments.iter().any(|treatment| treatment.method == method)
    }

    /// Whether the cancer came back after it was removed or irradiated; otherwise it grew on.
    pub(crate) fn was_free(&self) -> bool {
        self.stage != Stage::Distant && (self.treated(Method::Surgery) || self.treated(Method::Radiation))
    }

    /// The ICD-10 code of the site.
    pub(crate) fn icd10(&self) -> &str {
        match self.site.code.as_str() {
            // Rectum, prostate, trachea and rectosigmoid junction have no fourth character in ICD-10.
            "C19.9" | "C20.9" | "C61.9" | "C33.9" => self.site.code.get(..3).unwrap_or(&self.site.code),
            code => code,
        }
    }

    /// Days from diagnosis to the end.
    pub(crate) fn days(&self) -> i32 {
        self.end - self.diagnosis
    }
}
