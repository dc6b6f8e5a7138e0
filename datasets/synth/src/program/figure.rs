//! The form of a program's figures in `generator.toml`: every number in a group with its kind and source.

use super::person::Sex;
use crate::SynthError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What is behind a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// It was published.
    Figure,
    /// It follows from figures.
    Derived,
    /// A published size that was not looked up again.
    Remembered,
    /// Judgement.
    Assumed,
}

/// Numbers with what is behind them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figure<T> {
    #[serde(rename = "kind")]
    pub(crate) _kind: Kind,
    #[serde(rename = "source")]
    pub(crate) _source: Source,
    pub(crate) value: T,
}

/// Where numbers come from; never empty.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Source;

impl TryFrom<String> for Source {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("the numbers name no source") } else { Ok(Self) }
    }
}

/// One value for each sex.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BySex<T> {
    pub(crate) male: T,
    pub(crate) female: T,
}

/// Mortality `a exp(b age)` a year.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gompertz {
    pub(crate) a: f64,
    pub(crate) b: f64,
}

/// A name in both languages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    #[serde(rename = "ko")]
    pub(crate) _ko: String,
    pub(crate) en: String,
}

/// Cases by band of age, each from a first year of age; the last band ends with `to`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ages {
    pub(crate) from: Vec<i32>,
    pub(crate) to: i32,
    pub(crate) male: Vec<f64>,
    pub(crate) female: Vec<f64>,
}

/// Reads figures, which must say that their rows are simulated.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, simulated: impl Fn(&T) -> bool) -> Result<T, SynthError> {
    let figures: T = toml::from_str(text).map_err(|error| crate::spec::syntax(text, &error))?;
    if simulated(&figures) { Ok(figures) } else { Err(SynthError::NotLabelled) }
}

impl Ages {
    /// Every year of age with its weight; within a band each is as likely. `None` where bands and numbers do not fit.
    pub(crate) fn years(&self) -> Option<BySex<Vec<(i32, f64)>>> {
        if self.from.len() != self.male.len() || self.from.len() != self.female.len() || !self.from.is_sorted() {
            return None;
        }
        let until = || self.from.iter().skip(1).copied().chain([self.to.saturating_add(1)]);
        let years = |cases: &[f64]| {
            let bands = self.from.iter().copied().zip(until()).zip(cases);
            bands
                .flat_map(|((from, until), cases)| (from..until).map(move |age| (age, cases / f64::from(until - from))))
                .collect()
        };
        Some(BySex { male: years(&self.male), female: years(&self.female) })
    }
}

impl<T> BySex<T> {
    pub(crate) fn of(&self, sex: Sex) -> &T {
        match sex {
            Sex::Male => &self.male,
            Sex::Female => &self.female,
        }
    }

    pub(crate) fn map<U>(
        self,
        mut change: impl FnMut(Sex, T) -> Result<U, SynthError>,
    ) -> Result<BySex<U>, SynthError> {
        Ok(BySex { male: change(Sex::Male, self.male)?, female: change(Sex::Female, self.female)? })
    }
}
