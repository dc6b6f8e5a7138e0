//! What a person brings along to the first check-up, whatever the levels that are solved: risk factors, what remains of
//! blood pressure beside them, and how the person would be found.

use super::model::Model;
use crate::draw::{normal, unit};
use crate::program::adult::{self, Adult, Smoking, tenths};
use crate::program::kidney;
use crate::program::person::{Person, Sex};
use crate::program::sequence::Axis;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// Systolic and diastolic pressure in mmHg.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pair {
    pub(crate) systolic: f64,
    pub(crate) diastolic: f64,
}

impl Pair {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { systolic: self.systolic + other.systolic, diastolic: self.diastolic + other.diastolic }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(Self { systolic: -other.systolic, diastolic: -other.diastolic })
    }

    /// Whether either reaches its limit.
    pub(crate) fn reaches(self, systolic: f64, diastolic: f64) -> bool {
        self.systolic >= systolic || self.diastolic >= diastolic
    }

    /// Whether it is high in the office.
    pub(crate) fn is_high(self) -> bool {
        self.reaches(140.0, 90.0)
    }
}

/// Laboratory values of one day, as they are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Labs {
    pub(crate) total_cholesterol: f64,
    pub(crate) hdl: f64,
    pub(crate) creatinine: f64,
    pub(crate) egfr: f64,
    pub(crate) glucose: f64,
    pub(crate) hba1c: f64,
}

/// A person at the first check-up.
#[derive(Debug, Clone)]
pub(crate) struct Traits {
    pub(crate) person: Person,
    /// The day of the first check-up, and the day of death by other causes.
    pub(crate) checkup: i32,
    pub(crate) other_death: i32,
    pub(crate) height_cm: f64,
    pub(crate) weight_kg: f64,
    pub(crate) bmi: f64,
    pub(crate) smoking: Smoking,
    pub(crate) diabetes: bool,
    pub(crate) statin: bool,
    /// Filtration on the day of the first check-up, without the error of measurement.
    pub(crate) filtration: f64,
    total_cholesterol: f64,
    hdl: f64,
    /// Usual office pressure without drugs, but for the general level.
    pub(crate) untreated: Pair,
    /// What remains of the difference between office and home.
    pub(crate) white_coat: Pair,
    pub(crate) pulse: f64,
    /// Errors of the visit and of its three readings.
    pub(crate) visit: Pair,
    pub(crate) readings: [Pair; 3],
    /// Decides awareness and treatment together, and which drugs.
    pub(crate) found: f64,
    pub(crate) combination: f64,
    pub(crate) labs: Labs,
}

impl Traits {
    pub(crate) fn age(&self, on: i32) -> f64 {
        self.person.age(on)
    }
}

/// Draws a person; `None` only for figures that `Model::bind` refuses.
pub(crate) fn draw(model: &Model, seed: u64, number: u64) -> Option<Traits> {
    let population = &model.population;
    let (adult, mut stream) = adult::draw(population, &model.adults, seed, number)?;
    let rng = &mut stream;
    let Adult { person, checkup, height_cm, weight_kg, bmi, diabetes, filtration, .. } = adult;
    let Adult { total_cholesterol, hdl, .. } = adult;
    let age = person.age(checkup);
    let remains = model.pressure.systolic_sd * quantile(population.sequence.at(seed, number, Axis::Status));
    let untreated = untreated(model, (person.sex, age, bmi, diabetes), remains, normal(rng));
    let white = &model.white_coat;
    let coat = white.sd * normal(rng);
    let white_coat = Pair { systolic: coat, diastolic: white.shared * coat + white.diastolic_sd * normal(rng) };
    let reading = &model.reading;
    let mut traits = Traits {
        person,
        checkup,
        other_death: adult.other_death,
        height_cm,
        weight_kg,
        bmi: tenths(weight_kg * 10_000.0 / (height_cm * height_cm)),
        smoking: adult.smoking,
        diabetes,
        statin: adult.statin,
        filtration: filtration.clamp(12.0, 128.0),
        total_cholesterol,
        hdl,
        untreated,
        white_coat,
        pulse: reading.pulse + reading.pulse_sd * normal(rng),
        visit: error(reading.visit, rng),
        readings: [error(reading.reading, rng), error(reading.reading, rng), error(reading.reading, rng)],
        found: population.sequence.at(seed, number, Axis::Event),
        combination: unit(rng),
        labs: Labs { total_cholesterol, hdl, creatinine: 1.0, egfr: filtration, glucose: 100.0, hba1c: 5.5 },
    };
    traits.labs = labs(model, &traits, checkup, traits.filtration, rng);
    Some(traits)
}

/// Laboratory values on a day with a filtration, with their errors.
pub(crate) fn labs(model: &Model, traits: &Traits, day: i32, filtration: f64, rng: &mut ChaCha8Rng) -> Labs {
    let (sex, age) = (traits.person.sex, traits.age(day));
    let measured = (filtration * (1.0 + model.kidney.varies * normal(rng))).clamp(8.0, 130.0);
    let creatinine = (kidney::creatinine(sex, age, measured) * 100.0).round().max(20.0) / 100.0;
    let glucose = &model.glucose;
    let (sugar, hba1c) =
        if traits.diabetes { (glucose.with, glucose.hba1c_with) } else { (glucose.without, glucose.hba1c_without) };
    Labs {
        total_cholesterol: (traits.total_cholesterol * (1.0 + 0.05 * normal(rng))).clamp(90.0, 360.0).round(),
        hdl: (traits.hdl * (1.0 + 0.05 * normal(rng))).clamp(20.0, 120.0).round(),
        creatinine,
        egfr: tenths(kidney::filtration(sex, age, creatinine)),
        glucose: (sugar.0 + sugar.1 * normal(rng)).clamp(60.0, 400.0).round(),
        hba1c: tenths((hba1c.0 + hba1c.1 * normal(rng)).clamp(4.2, 14.0)),
    }
}

fn untreated(model: &Model, (sex, age, bmi, diabetes): (Sex, f64, f64, bool), remains: f64, other: f64) -> Pair {
    let figures = &model.pressure;
    let (systolic, per_year, diastolic) = match sex {
        Sex::Male => (figures.systolic_male, figures.male_per_year, figures.diastolic_male),
        Sex::Female => (figures.systolic_female, figures.female_per_year, figures.diastolic_female),
    };
    let from_peak = age - figures.peak_age;
    Pair {
        systolic: systolic
            + per_year * (age - 50.0)
            + figures.per_bmi * (bmi - 24.0)
            + if diabetes { figures.diabetes } else { 0.0 }
            + remains,
        diastolic: diastolic
            + figures.per_year_squared * from_peak * from_peak
            + figures.diastolic_per_bmi * (bmi - 24.0)
            + figures.shared * remains
            + figures.diastolic_sd * other,
    }
}

/// An error with these standard deviations; half of it is common to both pressures.
pub(crate) fn error(sd: (f64, f64), rng: &mut ChaCha8Rng) -> Pair {
    let common = normal(rng);
    Pair { systolic: sd.0 * common, diastolic: sd.1 * (0.5 * common + HALF_LEFT * normal(rng)) }
}

/// What is left of a standard deviation of one when half of it is common: the root of 1 - 0.5².
const HALF_LEFT: f64 = 0.866_025_403_784_438_6;

/// The standard normal quantile, by bisection of the error function; good to 1e-9 between 1e-9 and its complement.
pub(crate) fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-7.0, 7.0);
    for _ in 0..34 {
        let middle = 0.5 * (low + high);
        let below = 0.5 * libm::erfc(-middle / std::f64::consts::SQRT_2);
        if below < share { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
