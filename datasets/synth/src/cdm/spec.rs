//! `generator.toml` of the program as it is written: every number in a group with its kind and source.

use crate::SynthError;
use crate::program::adult::{Bodies, Diabetes, Filtration, Lipids, Window};
use crate::program::figure::{self, BySex, Figure};
use crate::program::person::{PopulationSpec, Sex};
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
    pub(crate) care: Figure<Care>,
    pub(crate) payers: Figure<Vec<Payer>>,
    pub(crate) fees: Figure<Fees>,
    pub(crate) habits: Figure<Habits>,
    pub(crate) course: Figure<Course>,
    pub(crate) causes: Figure<Causes>,
    pub(crate) notes: Figure<Notes>,
    /// The code of a condition, and the name of the cohort of those who have it.
    pub(crate) cohorts: Figure<Vec<(String, String)>>,
    pub(crate) groups: Figure<Vec<Group>>,
    pub(crate) ingredients: Figure<Ingredients>,
    pub(crate) drugs: Figure<Vec<Drug>>,
    pub(crate) procedures: Figure<Vec<Procedure>>,
    pub(crate) devices: Figure<Vec<Device>>,
    pub(crate) measurements: Figure<Vec<Measurement>>,
    pub(crate) panels: Figure<Vec<Panel>>,
    /// The panels of a check-up.
    pub(crate) checkup: Figure<Vec<String>>,
    pub(crate) specimens: Figure<Vec<Specimen>>,
    pub(crate) chronic: Vec<Figure<Chronic>>,
    pub(crate) acute: Vec<Figure<Acute>>,
    pub(crate) cancers: Vec<Figure<Cancer>>,
    pub(crate) other_conditions: Figure<Vec<Illness>>,
    /// Read by the layer above.
    #[serde(default, rename = "messiness")]
    pub(crate) _messiness: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Care {
    pub(crate) provinces: Vec<Province>,
    /// Name and Korean name.
    pub(crate) departments: Vec<(String, String)>,
}

/// Number, Korean name, English name, and inhabitants.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Province(pub(crate) String, pub(crate) String, pub(crate) String, pub(crate) f64);

/// Who pays, for which share of the persons, and which share of a bill.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payer {
    pub(crate) code: String,
    pub(crate) ko: String,
    pub(crate) weight: f64,
    pub(crate) outpatient: f64,
    pub(crate) inpatient: f64,
}

/// In won.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fees {
    pub(crate) outpatient: f64,
    pub(crate) emergency: f64,
    pub(crate) inpatient_day: f64,
    pub(crate) drug_day: f64,
    pub(crate) varies: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Habits {
    pub(crate) alcohol_male: Vec<(String, f64)>,
    pub(crate) alcohol_female: Vec<(String, f64)>,
    pub(crate) exercise: Vec<(String, f64)>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Course {
    pub(crate) supply_days: i32,
    pub(crate) early_days: i32,
    pub(crate) late: f64,
    pub(crate) late_days: (i32, i32),
    pub(crate) seen_within: f64,
    pub(crate) laboratory_every: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Causes {
    /// The share that dies in hospital, after a stay of so many days.
    pub(crate) hospital: f64,
    pub(crate) stay: (i32, i32),
    pub(crate) of: Vec<Cause>,
}

/// The code of a condition, its weight, the days from its first record to death, and the least age.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Cause(pub(crate) String, pub(crate) f64, pub(crate) (i32, i32), pub(crate) f64);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notes {
    pub(crate) share: f64,
    pub(crate) outpatient: String,
    pub(crate) emergency: String,
    pub(crate) inpatient: String,
}

/// Code, the group above it, name and Korean name.
#[derive(Debug, Deserialize)]
pub(crate) struct Group(pub(crate) String, pub(crate) String, pub(crate) String, pub(crate) String);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ingredients {
    /// Groups of the ATC: code and name.
    pub(crate) classes: Vec<(String, String)>,
    /// ATC code, name and Korean name.
    pub(crate) of: Vec<(String, String, String)>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drug {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) ko: String,
    pub(crate) route: String,
    /// Units a day.
    pub(crate) per_day: i32,
    /// Ingredients by ATC code, with the mg in a unit.
    pub(crate) of: Vec<(String, f64)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Procedure {
    pub(crate) code: String,
    pub(crate) ko: String,
    /// In won.
    pub(crate) fee: f64,
}

/// Code and Korean name.
#[derive(Debug, Deserialize)]
pub(crate) struct Device(pub(crate) String, pub(crate) String);

/// Code, Korean name and site.
#[derive(Debug, Deserialize)]
pub(crate) struct Specimen(pub(crate) String, pub(crate) String, pub(crate) String);

/// What a value follows from, if not from mean and deviation alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    Height,
    Weight,
    Bmi,
    #[serde(rename = "total cholesterol")]
    TotalCholesterol,
    Hdl,
    /// Total cholesterol less HDL and a fifth of triglycerides of the same day.
    Friedewald,
    Creatinine,
    /// The equation of the creatinine of the same day.
    Filtration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measurement {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) ko: String,
    pub(crate) unit: String,
    #[serde(default)]
    pub(crate) from: Option<Origin>,
    #[serde(default)]
    pub(crate) mean: f64,
    pub(crate) sd: f64,
    #[serde(default)]
    pub(crate) men: f64,
    /// The reference range; none where both are zero.
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) places: i32,
    /// What conditions add.
    #[serde(default)]
    pub(crate) adds: Vec<(String, f64)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Panel {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) specimen: Option<String>,
    pub(crate) of: Vec<String>,
}

/// The sex of those who may have something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OfSex {
    Male,
    Female,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Illness {
    /// Of ICD-10.
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) ko: String,
    pub(crate) group: String,
    pub(crate) department: String,
    #[serde(default)]
    pub(crate) sex: Option<OfSex>,
}

/// What of the adult says who has a disease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Known {
    Diabetes,
    Statin,
}

/// A disease that stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chronic {
    pub(crate) illness: Illness,
    #[serde(default)]
    pub(crate) origin: Option<Known>,
    /// Log odds at 50 years.
    pub(crate) odds: f64,
    pub(crate) per_year: f64,
    pub(crate) men: f64,
    /// Cases a year at 50 years, and the logarithm of their ratio by year of age.
    pub(crate) new: f64,
    pub(crate) new_per_year: f64,
    pub(crate) treated: f64,
    pub(crate) panel: Vec<String>,
    pub(crate) regimens: Vec<(Vec<String>, f64)>,
}

/// An illness that passes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acute {
    pub(crate) illness: Illness,
    /// Cases a year and thousand at 50 years.
    pub(crate) per_1000: f64,
    pub(crate) per_year: f64,
    /// Shares: clinic, emergency room, hospital, hospital by way of the emergency room.
    pub(crate) seen: [f64; 4],
    pub(crate) lasts: (i32, i32),
    pub(crate) stay: (i32, i32),
    /// Drug, days and share.
    pub(crate) drugs: Vec<(String, i32, f64)>,
    pub(crate) procedures: Vec<(String, f64)>,
    /// Device, days and share.
    pub(crate) devices: Vec<(String, i32, f64)>,
    pub(crate) panel: Vec<String>,
    #[serde(default)]
    pub(crate) once: bool,
    /// Days between the end of one and the next at least.
    #[serde(default)]
    pub(crate) apart: i32,
    #[serde(default)]
    pub(crate) intensive: bool,
    /// Ages at which it comes, both included.
    #[serde(default)]
    pub(crate) ages: Option<(f64, f64)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancer {
    pub(crate) illness: Illness,
    /// Cases a year and hundred thousand at 60 years.
    pub(crate) men: f64,
    pub(crate) women: f64,
    pub(crate) per_year: f64,
    pub(crate) biopsy: String,
    pub(crate) surgery: String,
    pub(crate) surgery_share: f64,
    pub(crate) wait: (i32, i32),
    pub(crate) stay: (i32, i32),
    pub(crate) drugs: Vec<String>,
    pub(crate) drug_share: f64,
    pub(crate) cycles: i32,
}

impl Illness {
    pub(crate) fn fits(&self, sex: Sex) -> bool {
        self.sex.is_none_or(|only| (only == OfSex::Male) == (sex == Sex::Male))
    }
}

/// Reads the file.
pub(crate) fn parse(text: &str) -> Result<Spec, SynthError> {
    figure::parse(text, |spec: &Spec| spec.simulated)
}
