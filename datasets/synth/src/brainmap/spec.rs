//! `generator.toml` of the brain map as it is written: every number in a group with its kind and source.

use crate::SynthError;
use crate::program::figure::{self, BySex, Figure};
use crate::program::person::PopulationSpec;
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
    pub(crate) population: PopulationSpec,
    pub(crate) window: Figure<Window>,
    pub(crate) diagnosis: Figure<Diagnosis>,
    pub(crate) conversion: Figure<Conversion>,
    pub(crate) intracranial: Figure<Intracranial>,
    pub(crate) whole_brain: Figure<WholeBrain>,
    pub(crate) whole_brain_lost: Figure<ByGroup<f64>>,
    pub(crate) whole_brain_change: Figure<ByGroup<(f64, f64)>>,
    pub(crate) measurement: Figure<Measurement>,
    pub(crate) regions: BTreeMap<String, Region>,
    /// Read by the layer above.
    #[serde(default, rename = "messiness")]
    pub(crate) _messiness: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    pub(crate) last: toml::value::Datetime,
    pub(crate) from_age: f64,
    pub(crate) within_days: f64,
    pub(crate) every_days: i32,
    pub(crate) varies_days: f64,
}

/// Shares by bands of age, each from a first year of age.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Diagnosis {
    pub(crate) from: Vec<f64>,
    pub(crate) mci: Vec<f64>,
    pub(crate) ad: Vec<f64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Conversion {
    pub(crate) share: f64,
    pub(crate) years: (f64, f64),
}

/// Mean and standard deviation in mL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Intracranial {
    pub(crate) male: (f64, f64),
    pub(crate) female: (f64, f64),
    pub(crate) center: f64,
    pub(crate) power: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WholeBrain {
    pub(crate) constant: f64,
    pub(crate) per_year: f64,
    pub(crate) male: f64,
    pub(crate) sd: f64,
}

/// In per cent.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measurement {
    pub(crate) error: f64,
    pub(crate) sides: f64,
}

/// One value for each group: normal, stable and converting impairment, Alzheimer's disease.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByGroup<T> {
    pub(crate) cn: T,
    pub(crate) smci: T,
    pub(crate) cmci: T,
    pub(crate) ad: T,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Region {
    /// Of one side in mm³, and the standard deviation of its logarithm.
    pub(crate) size: Figure<(f64, f64)>,
    /// In per cent.
    pub(crate) lost: Figure<ByGroup<f64>>,
    /// In per cent a year, mean and standard deviation.
    pub(crate) change: Figure<ByGroup<(f64, f64)>>,
}

impl Intracranial {
    pub(crate) fn by_sex(&self) -> BySex<(f64, f64)> {
        BySex { male: self.male, female: self.female }
    }
}

/// Reads the file.
pub(crate) fn parse(text: &str) -> Result<Spec, SynthError> {
    figure::parse(text, |spec: &Spec| spec.simulated)
}
