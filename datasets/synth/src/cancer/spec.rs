//! `generator.toml` of the cancer program as it is written: every number in a group with its kind and source.

use crate::SynthError;
use crate::program::figure::{self, Ages, BySex, Figure, Gompertz, Kind, Names, Source};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// Must be true.
    #[serde(default)]
    pub(crate) simulated: bool,
    /// Names this program.
    #[serde(rename = "program")]
    pub(crate) _program: String,
    pub(crate) last_follow_up: Figure<toml::value::Datetime>,
    pub(crate) background: Figure<BySex<Gompertz>>,
    pub(crate) body: Figure<Bodies>,
    pub(crate) drinking: Figure<BySex<Vec<(String, f64)>>>,
    pub(crate) ecog: Figure<ByStage<Vec<f64>>>,
    pub(crate) course: Figure<Course>,
    pub(crate) response: Figure<Response>,
    pub(crate) recurrence: Figure<Recurrence>,
    pub(crate) types: BTreeMap<String, TypeSpec>,
    /// Read by the layer above.
    #[serde(default, rename = "messiness")]
    pub(crate) _messiness: Option<serde::de::IgnoredAny>,
}

/// One value for each summary stage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByStage<T> {
    pub(crate) localized: T,
    pub(crate) regional: T,
    pub(crate) distant: T,
    pub(crate) unknown: T,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bodies {
    pub(crate) center_age: f64,
    pub(crate) male: Body,
    pub(crate) female: Body,
}

/// Height in cm and body mass index.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    pub(crate) height: f64,
    pub(crate) height_sd: f64,
    pub(crate) per_year: f64,
    pub(crate) bmi: f64,
    pub(crate) bmi_sd: f64,
}

/// Days between the steps of a treatment.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Course {
    pub(crate) surgery_after: (f64, f64),
    pub(crate) adjuvant_after: (f64, f64),
    pub(crate) systemic_after: (f64, f64),
    pub(crate) cycle_days: f64,
    pub(crate) cycles: (f64, f64),
    pub(crate) long_term_days: f64,
    pub(crate) radiation_after: (f64, f64),
    pub(crate) radiation_days: f64,
    pub(crate) pathology_after: (f64, f64),
    pub(crate) marker_within: f64,
    pub(crate) response_after: (f64, f64),
    pub(crate) elderly_age: i32,
    pub(crate) elderly_factor: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Response {
    pub(crate) poor_days: f64,
    pub(crate) fair_days: f64,
    pub(crate) poor: Vec<(String, f64)>,
    pub(crate) fair: Vec<(String, f64)>,
    pub(crate) good: Vec<(String, f64)>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recurrence {
    pub(crate) share: (f64, f64),
    pub(crate) not_fatal: f64,
    pub(crate) not_fatal_days: (f64, f64),
}

/// One kind of cancer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypeSpec {
    pub(crate) title: Names,
    #[serde(rename = "icd10")]
    pub(crate) _icd10: String,
    pub(crate) cases: Figure<f64>,
    pub(crate) incidence: Figure<Incidence>,
    pub(crate) age: Figure<Ages>,
    pub(crate) relative_survival: Figure<Survival>,
    pub(crate) excess_per_decade: Figure<f64>,
    pub(crate) sites: Figure<Vec<(String, String, f64)>>,
    pub(crate) histologies: Figure<Histologies>,
    pub(crate) grades: Option<Figure<Vec<f64>>>,
    pub(crate) smoking: Figure<BySex<Vec<f64>>>,
    pub(crate) sizes: Option<Figure<BTreeMap<String, (f64, f64)>>>,
    pub(crate) regimens: Figure<Regimens>,
    #[serde(default)]
    pub(crate) requires: Requires,
    pub(crate) stages: ByStage<StageSpec>,
    pub(crate) markers: Vec<MarkerSpec>,
}

/// Cases by year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Incidence {
    pub(crate) first_year: i32,
    pub(crate) male: Vec<f64>,
    pub(crate) female: Vec<f64>,
}

/// Five-year relative survival in per cent.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Survival {
    pub(crate) male: f64,
    pub(crate) female: Option<f64>,
}

/// Code, name and weight; by sex or by site where that matters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Histologies {
    #[serde(default)]
    pub(crate) all: Vec<(String, String, f64)>,
    #[serde(default)]
    pub(crate) male: Vec<(String, String, f64)>,
    #[serde(default)]
    pub(crate) female: Vec<(String, String, f64)>,
    #[serde(default)]
    pub(crate) by_site: BTreeMap<String, Vec<(String, String, f64)>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Regimens {
    pub(crate) surgery: Names,
    pub(crate) systemic: String,
    pub(crate) hormone: Option<String>,
    pub(crate) targeted: Option<String>,
}

/// The result of a marker without which a drug is not given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requires {
    pub(crate) hormone: Option<Requirement>,
    pub(crate) targeted: Option<Requirement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requirement {
    pub(crate) marker: String,
    pub(crate) result: String,
}

/// One summary stage of one cancer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageSpec {
    pub(crate) share: Figure<f64>,
    pub(crate) survival: StageSurvival,
    pub(crate) shape: Figure<Shape>,
    pub(crate) categories: Figure<Vec<(String, String, String, f64)>>,
    pub(crate) treatment: Figure<Treatment>,
}

/// Five-year relative survival in per cent, or nothing where it is solved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageSurvival {
    #[serde(rename = "kind")]
    pub(crate) _kind: Kind,
    #[serde(rename = "source")]
    pub(crate) _source: Source,
    pub(crate) value: Option<f64>,
}

/// When the excess hazard comes: a Weibull distribution.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    pub(crate) scale_years: f64,
    pub(crate) shape: f64,
}

/// Shares of patients.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Treatment {
    pub(crate) surgery: f64,
    pub(crate) systemic: f64,
    pub(crate) hormone: f64,
    pub(crate) targeted: f64,
    pub(crate) radiation: f64,
}

/// A marker or test; one of the ways to draw it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkerSpec {
    pub(crate) code: String,
    pub(crate) unit: Option<String>,
    #[serde(rename = "kind")]
    pub(crate) _kind: Kind,
    #[serde(rename = "source")]
    pub(crate) _source: Source,
    pub(crate) tested: f64,
    #[serde(default)]
    pub(crate) histologies: Vec<String>,
    pub(crate) values: Option<Vec<(String, f64)>>,
    pub(crate) female: Option<Vec<(String, f64)>>,
    pub(crate) by_stage: Option<ByStage<Vec<(String, f64)>>>,
    pub(crate) log_normal: Option<ByStage<(f64, f64)>>,
    pub(crate) normal: Option<Normal>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Normal {
    pub(crate) mean: f64,
    pub(crate) sd: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Reads the file.
pub(crate) fn parse(text: &str) -> Result<Spec, SynthError> {
    figure::parse(text, |spec: &Spec| spec.simulated)
}
