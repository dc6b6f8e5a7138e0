//! The first check-up: who is high without drugs, who knows, who is treated with what, and what is measured then.

use super::model::{Levels, Model};
use super::spec;
use super::traits::{Pair, Traits};
use crate::program::adult::chance;

/// What is found at the first check-up.
#[derive(Debug, Clone)]
pub(crate) struct Exam {
    /// Usual office pressure without drugs.
    pub(crate) untreated: Pair,
    pub(crate) aware: bool,
    /// The combination of drugs that is taken, by its position.
    pub(crate) combination: Option<usize>,
    /// The three readings, and the mean of the second and the third.
    pub(crate) readings: [Pair; 3],
    pub(crate) mean: Pair,
}

/// What is decided by chance before the examination.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Odds {
    /// Usual office pressure without drugs.
    pub(crate) untreated: Pair,
    /// How likely the person knows of hypertension, and how likely is treated; zero without it.
    pub(crate) knows: f64,
    pub(crate) is_treated: f64,
}

pub(crate) fn odds(model: &Model, traits: &Traits, levels: &Levels) -> Odds {
    let level = Pair { systolic: levels.pressure, diastolic: 0.5 * levels.pressure };
    let untreated = traits.untreated.plus(level);
    let (years, tens) = (traits.age(traits.checkup) - 60.0, (untreated.systolic - 150.0) / 10.0);
    let odds = |slopes: &spec::Odds, level: f64| {
        let diabetes = if traits.diabetes { slopes.diabetes } else { 0.0 };
        chance(level + slopes.per_year * years + slopes.per_10_mmhg * tens + diabetes)
    };
    let limits = &model.diagnosed;
    let knows = if untreated.reaches(limits.systolic, limits.diastolic) {
        odds(&model.awareness, levels.awareness)
    } else {
        0.0
    };
    Odds { untreated, knows, is_treated: knows * odds(&model.treatment, levels.treatment) }
}

/// The combination that the person takes if treated.
pub(crate) fn combination(model: &Model, traits: &Traits) -> Option<usize> {
    model.combinations.at(traits.combination).map(|(drugs, _)| drugs.position)
}

/// The readings of the first check-up with a combination of drugs or without.
pub(crate) fn measure(model: &Model, traits: &Traits, untreated: Pair, dose: f64, taken: Option<usize>) -> [Pair; 3] {
    let drugs = taken.and_then(|position| model.drugs_of(position)).unwrap_or(&[]);
    let usual = untreated.minus(model.effect(untreated, drugs.len(), dose)).plus(model.season(traits.checkup));
    readings(model, usual.plus(traits.visit), traits.readings)
}

/// The mean of the second and the third.
pub(crate) fn mean([_, second, third]: [Pair; 3]) -> Pair {
    let sum = second.plus(third);
    Pair { systolic: sum.systolic / 2.0, diastolic: sum.diastolic / 2.0 }
}

/// Examines a person.
pub(crate) fn examine(model: &Model, traits: &Traits) -> Exam {
    let odds = odds(model, traits, &model.levels);
    let combination = combination(model, traits).filter(|_| traits.found < odds.is_treated);
    let readings = measure(model, traits, odds.untreated, model.levels.dose, combination);
    let aware = traits.found < odds.knows;
    Exam { untreated: odds.untreated, aware, combination, readings, mean: mean(readings) }
}

/// Whole numbers from a level and the errors of readings; the first is higher.
pub(crate) fn readings<const N: usize>(model: &Model, level: Pair, errors: [Pair; N]) -> [Pair; N] {
    let (systolic, diastolic) = model.reading.first;
    let mut first = Pair { systolic, diastolic };
    errors.map(|error| whole(level.plus(error).plus(std::mem::take(&mut first))))
}

/// What a device shows: whole numbers in its range, the diastolic below the systolic.
pub(crate) fn whole(pressure: Pair) -> Pair {
    let systolic = pressure.systolic.clamp(70.0, 260.0).round();
    Pair { systolic, diastolic: pressure.diastolic.clamp(35.0, 160.0).min(systolic - 10.0).round() }
}
