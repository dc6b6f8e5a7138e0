//! `generator.toml` of the chronic program as it is written: every number in a group with its kind and source.

use crate::SynthError;
use crate::program::adult::{Bodies, Diabetes, Filtration, Lipids, Window};
use crate::program::figure::{self, BySex, Figure};
use crate::program::kidney::FailureRisk;
use crate::program::person::PopulationSpec;
use serde::Deserialize;

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
    pub(crate) population: PopulationSpec,
    pub(crate) window: Figure<Window>,
    pub(crate) body: Figure<Bodies>,
    pub(crate) smoking: Figure<BySex<Vec<f64>>>,
    pub(crate) diabetes: Figure<Diabetes>,
    pub(crate) lipids: Figure<Lipids>,
    pub(crate) filtration: Figure<Filtration>,
    pub(crate) other_deaths: Figure<f64>,
    pub(crate) targets: Figure<Targets>,
    pub(crate) treated: Figure<f64>,
    pub(crate) glycaemia: Figure<Glycaemia>,
    pub(crate) glucose: Figure<Glucose>,
    pub(crate) onset: Figure<Onset>,
    pub(crate) awareness: Figure<Odds>,
    pub(crate) treatment: Figure<Odds>,
    pub(crate) drugs: Drugs,
    pub(crate) effects: Figure<Effects>,
    pub(crate) combinations: Figure<Combinations>,
    pub(crate) healthy_spread: Figure<f64>,
    pub(crate) kidney_disease: Figure<KidneyDisease>,
    pub(crate) albumin: Figure<Albumin>,
    pub(crate) slopes: Figure<Slopes>,
    pub(crate) filtration_varies: Figure<f64>,
    pub(crate) failure_risk: Figure<FailureRisk>,
    pub(crate) failure: Figure<Failure>,
    pub(crate) deaths: Figure<Deaths>,
    pub(crate) course: Figure<Course>,
    pub(crate) other_values: Figure<OtherValues>,
    /// Read by the layer above.
    #[serde(default, rename = "messiness")]
    pub(crate) _messiness: Option<serde::de::IgnoredAny>,
}

/// Shares in per cent.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Targets {
    pub(crate) prevalence: f64,
    pub(crate) awareness: f64,
    pub(crate) control: f64,
    pub(crate) low_filtration: f64,
    pub(crate) albuminuria: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Glycaemia {
    pub(crate) normal: f64,
    pub(crate) normal_per_year: f64,
    pub(crate) normal_sd: f64,
    pub(crate) limit: f64,
    pub(crate) above_sd: f64,
    pub(crate) rise_per_year: f64,
    pub(crate) follows_days: f64,
    pub(crate) varies: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Glucose {
    pub(crate) at_5_5: f64,
    pub(crate) per_point: f64,
    pub(crate) varies: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Onset {
    pub(crate) years: f64,
    pub(crate) per_year: f64,
    pub(crate) per_bmi: f64,
    pub(crate) rises_before: f64,
}

/// Slopes of log odds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Odds {
    pub(crate) per_year: f64,
    pub(crate) per_year_of_disease: f64,
    pub(crate) per_point: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drugs {
    pub(crate) metformin: Figure<DrugFigures>,
    pub(crate) dpp4: Figure<DrugFigures>,
    pub(crate) sglt2: Figure<DrugFigures>,
    pub(crate) insulin: Figure<DrugFigures>,
    pub(crate) acei: Figure<DrugFigures>,
    pub(crate) statin: Figure<DrugFigures>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DrugFigures {
    pub(crate) atc: String,
    pub(crate) name: String,
    pub(crate) hba1c: f64,
    pub(crate) weight: f64,
    pub(crate) slope_left: f64,
    pub(crate) albumin_left: f64,
    pub(crate) dip: f64,
    pub(crate) least_filtration: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Effects {
    pub(crate) per_point: f64,
    pub(crate) least: f64,
    pub(crate) sglt2_below_45: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Combinations {
    pub(crate) follows: f64,
    pub(crate) drugs: Vec<(Vec<Drug>, f64)>,
}

/// What is given. The order is that in which drugs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Drug {
    Metformin,
    Dpp4,
    Sglt2,
    Insulin,
    Acei,
    Statin,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KidneyDisease {
    pub(crate) per_year: f64,
    pub(crate) diabetes: f64,
    pub(crate) lost: f64,
    pub(crate) lost_sd: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Albumin {
    pub(crate) per_year: f64,
    pub(crate) diabetes: f64,
    pub(crate) kidney_disease: f64,
    pub(crate) sd: f64,
    pub(crate) growth: f64,
    pub(crate) growth_diabetes: f64,
    pub(crate) varies: f64,
}

/// Mean and standard deviation by class of albuminuria.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slopes {
    pub(crate) a1: (f64, f64),
    pub(crate) a2: (f64, f64),
    pub(crate) a3: (f64, f64),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    pub(crate) below: f64,
    pub(crate) deaths_per_year: f64,
}

/// Ratios.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deaths {
    pub(crate) diabetes: f64,
    pub(crate) filtration: [f64; 3],
    pub(crate) albumin: [f64; 2],
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Course {
    pub(crate) supply_days: i32,
    pub(crate) early_days: f64,
    pub(crate) prevalent: f64,
    pub(crate) recalled: f64,
    pub(crate) recalled_after: (f64, f64),
    pub(crate) kidney_recalled: f64,
    pub(crate) kidney_recalled_after: (f64, f64),
    pub(crate) started: f64,
    pub(crate) intensified: f64,
    pub(crate) goal: f64,
    pub(crate) next_drugs: Vec<(Drug, f64)>,
    pub(crate) insulin_from: f64,
    pub(crate) laboratory_every: usize,
    pub(crate) kidney_every: usize,
    pub(crate) acei: f64,
    pub(crate) acei_prevalent: f64,
    pub(crate) sglt2_for_kidney: f64,
    pub(crate) sglt2_albumin: f64,
    /// The share of years with an examination of the eyes, of who visits a clinic for diabetes.
    pub(crate) eyes: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherValues {
    pub(crate) triglycerides: f64,
    pub(crate) triglycerides_sd: f64,
    pub(crate) triglycerides_diabetes: f64,
    pub(crate) lipids_vary: f64,
    pub(crate) weight_varies: f64,
    pub(crate) weight_per_year: f64,
}

/// Reads the file.
pub(crate) fn parse(text: &str) -> Result<Spec, SynthError> {
    figure::parse(text, |spec: &Spec| spec.simulated)
}
