//! What an adult of the population brings along to the first check-up: day, body, tobacco, diabetes, lipids, statin and
//! filtration, and the day of death by other causes.
//!
//! Like the person, this follows from the figures, the seed and the person's number alone. Programs that state the same
//! figures have the same adults: who has diabetes in one of them has it in the other, and weighs as much on that day.

use super::figure::BySex;
use super::person::{Person, Population, Sex};
use super::weighted::Weighted;
use crate::draw::{normal, unit, whole};
use crate::value::days_of;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// The stream that adults are drawn from; it has the name of the program that they were first drawn for, since the name
/// is a part of what is drawn.
const STREAM: &str = "hypertension";

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bodies {
    pub(crate) center_age: f64,
    pub(crate) male: Body,
    pub(crate) female: Body,
}

/// Height in cm and body mass index.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    pub(crate) height: f64,
    pub(crate) height_sd: f64,
    pub(crate) per_year: f64,
    pub(crate) bmi: f64,
    pub(crate) bmi_sd: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Diabetes {
    pub(crate) male: f64,
    pub(crate) female: f64,
    pub(crate) per_year: f64,
    pub(crate) center_age: f64,
    pub(crate) per_bmi: f64,
    pub(crate) center_bmi: f64,
}

/// In mg/dL.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lipids {
    pub(crate) total: f64,
    pub(crate) total_sd: f64,
    pub(crate) hdl_male: f64,
    pub(crate) hdl_female: f64,
    pub(crate) hdl_sd: f64,
    pub(crate) statin: f64,
    pub(crate) statin_per_year: f64,
    pub(crate) statin_diabetes: f64,
    pub(crate) statin_lowers: f64,
}

/// Filtration in mL/min/1.73 m².
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filtration {
    pub(crate) at_50: f64,
    pub(crate) per_year: f64,
    pub(crate) sd: f64,
    pub(crate) diabetes: f64,
}

/// From when to when there are records, and when an adult comes to a check-up.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    pub(crate) first: toml::value::Datetime,
    pub(crate) last: toml::value::Datetime,
    pub(crate) checkup_within_days: f64,
    pub(crate) checkup_every_days: i32,
    pub(crate) checkup_varies_days: f64,
}

impl Window {
    /// Its first and its last day; nothing when they are no dates.
    pub(crate) fn days(&self) -> Option<(i32, i32)> {
        Some((days_of(&self.first)?, days_of(&self.last)?))
    }
}

/// The figures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adults {
    /// The first check-up is so many days after the population's day at most.
    pub(crate) within_days: f64,
    /// The share of the population's mortality that other causes make.
    pub(crate) other_deaths: f64,
    pub(crate) bodies: Bodies,
    pub(crate) smoking: BySex<Weighted<Smoking>>,
    pub(crate) diabetes: Diabetes,
    pub(crate) lipids: Lipids,
    pub(crate) filtration: Filtration,
}

/// Tobacco.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Smoking {
    Never,
    Past,
    Current,
}

impl Smoking {
    pub(crate) const ALL: [Self; 3] = [Self::Never, Self::Past, Self::Current];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Past => "past",
            Self::Current => "current",
        }
    }
}

/// An adult at the first check-up. Dates are days since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adult {
    pub(crate) person: Person,
    /// The day of the first check-up, and the day of death by other causes.
    pub(crate) checkup: i32,
    pub(crate) other_death: i32,
    pub(crate) height_cm: f64,
    pub(crate) weight_kg: f64,
    /// Before height and weight were rounded.
    pub(crate) bmi: f64,
    pub(crate) smoking: Smoking,
    pub(crate) diabetes: bool,
    pub(crate) statin: bool,
    pub(crate) total_cholesterol: f64,
    pub(crate) hdl: f64,
    /// Without the error of measurement, and without a disease of the kidney.
    pub(crate) filtration: f64,
}

/// Draws an adult, and gives the stream for what else there is to draw; `None` only where there are no ages.
pub(crate) fn draw(population: &Population, figures: &Adults, seed: u64, number: u64) -> Option<(Adult, ChaCha8Rng)> {
    let person = population.person(seed, number)?;
    let other_death = population.death(seed, &person, figures.other_deaths);
    let mut stream = crate::rows::stream(seed, number, STREAM);
    let rng = &mut stream;
    let until = figures.within_days.min(f64::from(other_death - population.on) - 1.0);
    let checkup = population.on + whole(unit(rng) * until.max(0.0));
    let age = person.age(checkup);
    let (height_cm, bmi) = body(figures, person.sex, age, rng);
    let weight_kg = tenths(bmi * height_cm * height_cm / 10_000.0);
    let (&smoking, _) = figures.smoking.of(person.sex).at(unit(rng))?;
    let diabetes = unit(rng) < diabetes(figures, person.sex, age, bmi);
    let lipids = &figures.lipids;
    let statin_odds =
        lipids.statin + lipids.statin_per_year * (age - 60.0) + if diabetes { lipids.statin_diabetes } else { 0.0 };
    let statin = unit(rng) < chance(statin_odds);
    let kidney = &figures.filtration;
    let filtration = kidney.at_50
        + kidney.per_year * (age - 50.0)
        + if diabetes { kidney.diabetes } else { 0.0 }
        + kidney.sd * normal(rng);
    let hdl_mean = if person.sex == Sex::Male { lipids.hdl_male } else { lipids.hdl_female };
    let lowered = if statin { lipids.statin_lowers } else { 0.0 };
    let total_cholesterol = (lipids.total - lowered + lipids.total_sd * normal(rng)).clamp(100.0, 340.0);
    let hdl = (hdl_mean + lipids.hdl_sd * normal(rng)).clamp(22.0, 110.0);
    let adult = Adult {
        person,
        checkup,
        other_death,
        height_cm,
        weight_kg,
        bmi,
        smoking,
        diabetes,
        statin,
        total_cholesterol,
        hdl,
        filtration,
    };
    Some((adult, stream))
}

fn body(figures: &Adults, sex: Sex, age: f64, rng: &mut ChaCha8Rng) -> (f64, f64) {
    let body = match sex {
        Sex::Male => &figures.bodies.male,
        Sex::Female => &figures.bodies.female,
    };
    let mean = body.height + body.per_year * (age - figures.bodies.center_age);
    let height = tenths((mean + body.height_sd * normal(rng)).clamp(130.0, 205.0));
    (height, (body.bmi + body.bmi_sd * normal(rng)).clamp(15.0, 44.0))
}

fn diabetes(figures: &Adults, sex: Sex, age: f64, bmi: f64) -> f64 {
    let figures = &figures.diabetes;
    let level = if sex == Sex::Male { figures.male } else { figures.female };
    chance(level + figures.per_year * (age - figures.center_age) + figures.per_bmi * (bmi - figures.center_bmi))
}

/// The probability of log odds.
pub(crate) fn chance(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// Rounded to one decimal.
pub(crate) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
