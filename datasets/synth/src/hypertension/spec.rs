//! `generator.toml` of the hypertension program as it is written: every number in a group with its kind and source.

use super::prevent::Betas;
use super::traits::Pair;
use crate::SynthError;
use crate::program::adult::{Bodies, Diabetes, Lipids, Window};
use crate::program::figure::{self, BySex, Figure};
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
    pub(crate) targets: Figure<Targets>,
    pub(crate) body: Figure<Bodies>,
    pub(crate) smoking: Figure<BySex<Vec<f64>>>,
    pub(crate) diabetes: Figure<Diabetes>,
    pub(crate) lipids: Figure<Lipids>,
    pub(crate) kidney: Figure<Kidney>,
    pub(crate) glucose: Figure<Glucose>,
    pub(crate) pressure: Figure<Pressure>,
    pub(crate) reading: Figure<Reading>,
    pub(crate) season: Figure<Season>,
    pub(crate) white_coat: Figure<WhiteCoat>,
    pub(crate) diagnosed: Figure<Pair>,
    pub(crate) awareness: Figure<Odds>,
    pub(crate) treatment: Figure<Odds>,
    pub(crate) drugs: Figure<Drugs>,
    pub(crate) combinations: Figure<Vec<(Vec<String>, f64)>>,
    pub(crate) course: Figure<Course>,
    pub(crate) home: Figure<Home>,
    pub(crate) chronic_kidney_disease: Figure<KidneyDisease>,
    pub(crate) outcomes: Outcomes,
    pub(crate) other_deaths: Figure<f64>,
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
    pub(crate) treatment: f64,
    pub(crate) control: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kidney {
    pub(crate) at_50: f64,
    pub(crate) per_year: f64,
    pub(crate) sd: f64,
    pub(crate) diabetes: f64,
    pub(crate) loss: f64,
    pub(crate) loss_diabetes: f64,
    pub(crate) loss_per_20_mmhg: f64,
    pub(crate) varies: f64,
}

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Glucose {
    pub(crate) without: (f64, f64),
    pub(crate) with: (f64, f64),
    pub(crate) hba1c_with: (f64, f64),
    pub(crate) hba1c_without: (f64, f64),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pressure {
    pub(crate) systolic_male: f64,
    pub(crate) systolic_female: f64,
    pub(crate) male_per_year: f64,
    pub(crate) female_per_year: f64,
    pub(crate) per_bmi: f64,
    pub(crate) diabetes: f64,
    pub(crate) systolic_sd: f64,
    pub(crate) diastolic_male: f64,
    pub(crate) diastolic_female: f64,
    pub(crate) per_year_squared: f64,
    pub(crate) peak_age: f64,
    pub(crate) diastolic_per_bmi: f64,
    /// How much of what remains of the systolic pressure the diastolic has, too.
    pub(crate) shared: f64,
    pub(crate) diastolic_sd: f64,
    pub(crate) yearly: f64,
}

/// Systolic and diastolic.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reading {
    pub(crate) visit: (f64, f64),
    pub(crate) reading: (f64, f64),
    pub(crate) first: (f64, f64),
    pub(crate) pulse: f64,
    pub(crate) pulse_sd: f64,
    pub(crate) pulse_varies: f64,
    pub(crate) beta_blocker_pulse: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Season {
    pub(crate) systolic: f64,
    pub(crate) diastolic: f64,
    pub(crate) peak_day: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhiteCoat {
    pub(crate) systolic_at_140: f64,
    pub(crate) per_mmhg: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) sd: f64,
    pub(crate) diastolic_at_90: f64,
    pub(crate) diastolic_per_mmhg: f64,
    pub(crate) diastolic_least: f64,
    pub(crate) diastolic_most: f64,
    pub(crate) diastolic_sd: f64,
    pub(crate) shared: f64,
}

/// Slopes of log odds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Odds {
    pub(crate) per_year: f64,
    pub(crate) per_10_mmhg: f64,
    pub(crate) diabetes: f64,
}

/// Class, ATC code and name.
pub(crate) type Drug = (String, String, String);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drugs {
    pub(crate) systolic: f64,
    pub(crate) diastolic: f64,
    pub(crate) systolic_at: f64,
    pub(crate) diastolic_at: f64,
    pub(crate) systolic_per_mmhg: f64,
    pub(crate) diastolic_per_mmhg: f64,
    /// An effect is at least this share of that at the pressures named.
    pub(crate) least: f64,
    pub(crate) classes: Vec<Drug>,
    pub(crate) statin: Drug,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Course {
    pub(crate) supply_days: i32,
    pub(crate) early_days: f64,
    pub(crate) gap: f64,
    pub(crate) gap_days: (f64, f64),
    pub(crate) prevalent: f64,
    pub(crate) recalled: f64,
    pub(crate) recalled_after: (f64, f64),
    pub(crate) started: f64,
    pub(crate) first_drugs: Vec<(String, f64)>,
    pub(crate) intensified: f64,
    pub(crate) next_drugs: Vec<String>,
    pub(crate) most_drugs: usize,
    pub(crate) laboratory_every: usize,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Home {
    pub(crate) device: f64,
    pub(crate) every_visits: usize,
    pub(crate) days: i32,
    pub(crate) readings: i32,
    pub(crate) taken: f64,
    pub(crate) systolic_limit: f64,
    pub(crate) diastolic_limit: f64,
    /// Standard deviation between days, and correlation with the day before.
    pub(crate) day: (f64, f64),
    pub(crate) session: f64,
    pub(crate) reading: (f64, f64),
    pub(crate) diastolic_share: f64,
    pub(crate) morning: f64,
    pub(crate) second: f64,
    pub(crate) morning_minute: f64,
    pub(crate) evening_minute: f64,
    pub(crate) late_sd: f64,
    pub(crate) error: f64,
    pub(crate) error_mmhg: (f64, f64),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KidneyDisease {
    pub(crate) below: f64,
    pub(crate) apart_days: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outcomes {
    pub(crate) coronary: OutcomeSpec,
    pub(crate) stroke: OutcomeSpec,
    pub(crate) heart_failure: OutcomeSpec,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutcomeSpec {
    pub(crate) icd10: String,
    pub(crate) korea: Figure<f64>,
    pub(crate) fatal: Figure<f64>,
    pub(crate) prevent: Figure<BySex<Betas>>,
}

/// Reads the file.
pub(crate) fn parse(text: &str) -> Result<Spec, SynthError> {
    figure::parse(text, |spec: &Spec| spec.simulated)
}
