//! What a person brings along to the first check-up beside what every adult does, whatever the levels that are solved:
//! how far glycaemia and kidneys are from what is usual, and how the person would be found.

use super::model::Model;
use crate::draw::{normal, unit, whole};
use crate::program::adult::{self, Adult};
use crate::program::person::DAYS_PER_YEAR;
use crate::program::sequence::Axis;

/// A person at the first check-up. What is called deviation is standard normal.
#[derive(Debug, Clone)]
pub(crate) struct Traits {
    pub(crate) adult: Adult,
    /// The day of onset: before the first check-up for who has diabetes then, later for who is to have it, if ever.
    pub(crate) onset: i32,
    /// HbA1c without diabetes, and what it deviates by with it.
    pub(crate) normal_hba1c: f64,
    pub(crate) above: f64,
    /// Decides awareness and treatment together, and which drugs.
    pub(crate) found: f64,
    pub(crate) combination: f64,
    pub(crate) acei: f64,
    /// Decides whether there is a disease of the kidney, and how much it took.
    pub(crate) kidney: f64,
    pub(crate) lost: f64,
    pub(crate) albumin: f64,
    pub(crate) slope: f64,
    /// The logarithm of triglycerides.
    pub(crate) triglycerides: f64,
    /// Deviations of what is measured at the first check-up.
    pub(crate) errors: Errors,
    /// Decides the death by what diabetes and the kidney add to mortality.
    pub(crate) dies: f64,
}

/// Deviations of measured values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errors {
    pub(crate) hba1c: f64,
    pub(crate) glucose: f64,
    pub(crate) filtration: f64,
    pub(crate) albumin: f64,
}

impl Errors {
    pub(crate) fn draw(rng: &mut rand_chacha::ChaCha8Rng) -> Self {
        Self { hba1c: normal(rng), glucose: normal(rng), filtration: normal(rng), albumin: normal(rng) }
    }
}

/// Draws a person; `None` only for figures that `Model::bind` refuses.
pub(crate) fn draw(model: &Model, seed: u64, number: u64) -> Option<Traits> {
    let (adult, _) = adult::draw(&model.population, &model.adults, seed, number)?;
    let mut stream = crate::rows::stream(seed, number, super::NAME);
    let rng = &mut stream;
    let age = adult.person.age(adult.checkup);
    let years = -libm::log(1.0 - unit(rng));
    let onset = if adult.diabetes {
        // Nobody had it as a child, and who has it has had it for a quarter and more.
        adult.checkup - 120 - whole((years * model.onset.years).min(age - 18.0).max(0.0) * DAYS_PER_YEAR)
    } else {
        let rate = model.onset.per_year * libm::exp(model.onset.per_bmi * (adult.bmi - 24.0));
        adult.checkup.saturating_add(1).saturating_add(whole(years / rate * DAYS_PER_YEAR))
    };
    let glycaemia = &model.glycaemia;
    let values = &model.other_values;
    let normal_hba1c = glycaemia.normal + glycaemia.normal_per_year * (age - 50.0) + glycaemia.normal_sd * normal(rng);
    let more = if adult.diabetes { values.triglycerides_diabetes } else { 0.0 };
    let triglycerides = libm::log(values.triglycerides * (1.0 + more)) + values.triglycerides_sd * normal(rng);
    Some(Traits {
        onset,
        normal_hba1c: normal_hba1c.clamp(4.6, 6.2),
        above: normal(rng),
        found: model.population.sequence.at(seed, number, Axis::Event),
        combination: normal(rng),
        acei: unit(rng),
        kidney: unit(rng),
        lost: normal(rng),
        albumin: normal(rng),
        slope: normal(rng),
        triglycerides,
        errors: Errors::draw(rng),
        dies: unit(rng),
        adult,
    })
}
