//! The first check-up: who is high without drugs, who knows, who is treated with what, and what is measured then.

use super::model::{Levels, Model};
use super::traits::{Pair, Traits, chance};

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

impl Exam {
    /// Hypertension as surveys count it: high, or treated.
    pub(crate) fn is_hypertensive(&self) -> bool {
        self.mean.is_high() || self.combination.is_some()
    }

    pub(crate) fn is_controlled(&self) -> bool {
        self.combination.is_some() && !self.mean.is_high()
    }
}

/// Examines a person at some levels.
pub(crate) fn examine(model: &Model, traits: &Traits, levels: &Levels) -> Exam {
    let level = Pair { systolic: levels.pressure, diastolic: 0.5 * levels.pressure };
    let untreated = traits.untreated.plus(level);
    let has = untreated.is_high();
    let (years, tens) = (traits.age(traits.checkup) - 60.0, (untreated.systolic - 150.0) / 10.0);
    let odds = |slopes: &super::spec::Odds, level: f64| {
        let diabetes = if traits.diabetes { slopes.diabetes } else { 0.0 };
        chance(level + slopes.per_year * years + slopes.per_10_mmhg * tens + diabetes)
    };
    let knows = odds(&model.awareness, levels.awareness);
    let treats = odds(&model.treatment, levels.treatment);
    let aware = has && traits.found < knows;
    let is_treated = has && traits.found < knows * treats;
    let combination =
        is_treated.then(|| model.combinations.at(traits.combination).map(|(drugs, _)| drugs.position)).flatten();
    let drugs = combination.and_then(|position| model.drugs_of(position)).unwrap_or(&[]);
    let usual = untreated.minus(model.effect(untreated, drugs.len(), levels.dose)).plus(model.season(traits.checkup));
    let readings = readings(model, usual.plus(traits.visit), traits.readings);
    let [_, second, third] = readings;
    let sum = second.plus(third);
    let mean = Pair { systolic: sum.systolic / 2.0, diastolic: sum.diastolic / 2.0 };
    Exam { untreated, aware, combination, readings, mean }
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
