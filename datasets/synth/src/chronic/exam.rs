//! The first check-up: who has a disease of the kidney, who knows of diabetes, who is treated with what, and what is
//! measured then.

use super::model::{Levels, Model};
use super::spec::{self, Drug};
use super::traits::{Errors, Traits};
use crate::program::adult::{chance, tenths};
use crate::program::kidney as equations;
use crate::program::person::{DAYS_PER_YEAR, Sex};

/// What is found at the first check-up.
#[derive(Debug, Clone)]
pub(crate) struct Exam {
    /// HbA1c with the drugs that are taken.
    pub(crate) hba1c: f64,
    pub(crate) aware: bool,
    pub(crate) treated: bool,
    /// What is taken, statins apart.
    pub(crate) drugs: Vec<Drug>,
    /// Filtration, and albumin to creatinine in mg/g, without errors of measurement.
    pub(crate) filtration: f64,
    pub(crate) albumin: f64,
    /// Change of filtration a year without drugs that slow it.
    pub(crate) slope: f64,
}

/// HbA1c in per cent and fasting glucose in mg/dL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sugar {
    pub(crate) hba1c: f64,
    pub(crate) glucose: f64,
}

impl Sugar {
    /// Whether either is in the range of diabetes.
    pub(crate) fn is_high(self) -> bool {
        self.hba1c >= 6.5 || self.glucose >= 126.0
    }
}

/// Creatinine in mg/dL, filtration by CKD-EPI 2021 from it, and albumin to creatinine in urine in mg/g.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Kidney {
    pub(crate) creatinine: f64,
    pub(crate) egfr: f64,
    pub(crate) albumin: f64,
}

impl Kidney {
    /// Whether either is a marker of chronic kidney disease.
    pub(crate) fn is_beyond(self) -> bool {
        self.egfr < 60.0 || self.albumin >= 30.0
    }
}

/// Examines a person.
pub(crate) fn examine(model: &Model, traits: &Traits, levels: &Levels) -> Exam {
    let adult = &traits.adult;
    let age = adult.person.age(adult.checkup);
    let has_disease = traits.kidney < disease(model, age, adult.diabetes, levels);
    let kidney = &model.kidney_disease;
    let lost = if has_disease { kidney.lost * libm::exp(kidney.lost_sd * traits.lost) } else { 0.0 };
    let usual = &model.adults.filtration;
    let expected = usual.at_50 + usual.per_year * (age - 50.0) + if adult.diabetes { usual.diabetes } else { 0.0 };
    let healthy = expected + model.healthy_spread * (adult.filtration - expected);
    let filtration = (healthy - lost).clamp(model.failure.below + 5.0, 128.0);
    let untreated = untreated(model, traits, levels, adult.checkup);
    let odds = |slopes: &spec::Odds, level: f64| {
        let years = f64::from(adult.checkup - traits.onset) / DAYS_PER_YEAR;
        let slope = slopes.per_year * (age - 60.0) + slopes.per_year_of_disease * years;
        chance(level + slope + slopes.per_point * (untreated - 7.5))
    };
    let knows = if adult.diabetes { odds(&model.awareness, levels.awareness) } else { 0.0 };
    let (aware, treated) = (traits.found < knows, traits.found < knows * odds(&model.treatment, levels.treatment));
    let mut exponent = levels.albumin + model.albumin.per_year * (age - 60.0) + model.albumin.sd * traits.albumin;
    exponent += if adult.diabetes { model.albumin.diabetes } else { 0.0 };
    exponent += if has_disease { model.albumin.kidney_disease } else { 0.0 };
    let albumin = libm::pow(10.0, exponent.clamp(0.0, 3.7));
    let drugs = if treated { taken(model, traits, filtration, albumin) } else { Vec::new() };
    let (mean, sd) = match albumin {
        much if much >= 300.0 => model.slopes.a3,
        some if some >= 30.0 => model.slopes.a2,
        _ => model.slopes.a1,
    };
    let hba1c = model.treated(untreated, &drugs, filtration);
    Exam { hba1c, aware, treated, drugs, filtration, albumin, slope: mean + sd * traits.slope }
}

fn disease(model: &Model, age: f64, diabetes: bool, levels: &Levels) -> f64 {
    let figures = &model.kidney_disease;
    let more = if diabetes { figures.diabetes } else { 0.0 };
    chance(levels.kidney_disease + figures.per_year * (age - 60.0) + more)
}

/// HbA1c on a day without drugs: it begins to rise before the onset, and rises on from then.
pub(crate) fn untreated(model: &Model, traits: &Traits, levels: &Levels, day: i32) -> f64 {
    let figures = &model.glycaemia;
    let years = f64::from(day.saturating_sub(traits.onset)) / DAYS_PER_YEAR;
    // What was drawn is that of the first check-up, or of the onset where that comes later.
    let before = f64::from(traits.adult.checkup.saturating_sub(traits.onset).max(0)) / DAYS_PER_YEAR;
    let drawn = figures.limit + libm::exp(levels.above + figures.above_sd * traits.above);
    let at_onset = drawn - figures.rise_per_year * before;
    let reached = if years < 0.0 {
        let share = (1.0 + years / model.onset.rises_before).clamp(0.0, 1.0);
        traits.normal_hba1c + share * (at_onset - traits.normal_hba1c)
    } else {
        at_onset + figures.rise_per_year * years
    };
    reached.clamp(figures.least, figures.most)
}

/// The drugs of who is treated: more and stronger ones, the higher HbA1c would be.
fn taken(model: &Model, traits: &Traits, filtration: f64, albumin: f64) -> Vec<Drug> {
    let follows = model.follows;
    let severe = follows * traits.above + libm::sqrt(1.0 - follows * follows) * traits.combination;
    let share = 1.0 - 0.5 * libm::erfc(severe / std::f64::consts::SQRT_2);
    let combination = model.combinations.at(share).map(|(drugs, _)| drugs.as_slice()).unwrap_or_default();
    let mut drugs: Vec<Drug> = combination.to_vec();
    if albumin >= 30.0 && traits.acei < model.course.acei_prevalent {
        drugs.push(Drug::Acei);
    }
    drugs.retain(|drug| filtration >= model.drug(*drug).least_filtration);
    if !drugs.iter().any(|drug| *drug != Drug::Acei) {
        drugs.push(Drug::Dpp4);
    }
    drugs.sort_unstable();
    drugs
}

/// Measures glycaemia at the first check-up.
pub(crate) fn sugar(model: &Model, traits: &Traits, exam: &Exam) -> Sugar {
    measured_sugar(model, exam.hba1c, &traits.errors)
}

pub(crate) fn measured_sugar(model: &Model, hba1c: f64, errors: &Errors) -> Sugar {
    let figures = &model.glucose;
    let glucose = figures.at_5_5 + figures.per_point * (hba1c - 5.5);
    Sugar {
        hba1c: tenths((hba1c + model.glycaemia.varies * errors.hba1c).clamp(4.0, 16.0)),
        glucose: (glucose * (1.0 + figures.varies * errors.glucose)).clamp(55.0, 500.0).round(),
    }
}

/// Measures the kidneys at the first check-up.
pub(crate) fn kidney(model: &Model, traits: &Traits, exam: &Exam) -> Kidney {
    let person = &traits.adult.person;
    let age = person.age(traits.adult.checkup);
    measured_kidney(model, (person.sex, age), exam.filtration, exam.albumin, &traits.errors)
}

pub(crate) fn measured_kidney(
    model: &Model,
    (sex, age): (Sex, f64),
    filtration: f64,
    albumin: f64,
    errors: &Errors,
) -> Kidney {
    let measured = (filtration * (1.0 + model.filtration_varies * errors.filtration)).clamp(5.0, 135.0);
    let creatinine = (equations::creatinine(sex, age, measured) * 100.0).round().max(20.0) / 100.0;
    let albumin = albumin * libm::pow(10.0, model.albumin.varies * errors.albumin);
    let egfr = tenths(equations::filtration(sex, age, creatinine));
    Kidney { creatinine, egfr, albumin: tenths(albumin).clamp(1.0, 9_000.0) }
}
