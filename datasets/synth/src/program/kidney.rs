//! Estimated glomerular filtration by CKD-EPI 2021, without race: Inker et al., N Engl J Med 2021;385:1737; and the
//! risk of kidney failure that follows from it, the four-variable equation: Tangri et al., JAMA 2016;315:164.

use super::person::Sex;
use serde::Deserialize;

/// Filtration in mL/min/1.73 m² of a serum creatinine in mg/dL.
pub(crate) fn filtration(sex: Sex, age: f64, creatinine: f64) -> f64 {
    let (kappa, alpha, factor) = constants(sex);
    let share = creatinine / kappa;
    let of_creatinine = libm::pow(share.min(1.0), alpha) * libm::pow(share.max(1.0), STEEP);
    142.0 * of_creatinine * libm::pow(PER_YEAR, age) * factor
}

/// The serum creatinine that a filtration comes from: the equation turned round.
pub(crate) fn creatinine(sex: Sex, age: f64, filtration: f64) -> f64 {
    let (kappa, alpha, factor) = constants(sex);
    let of_creatinine = filtration / (142.0 * libm::pow(PER_YEAR, age) * factor);
    kappa * libm::pow(of_creatinine, 1.0 / if of_creatinine > 1.0 { alpha } else { STEEP })
}

/// The coefficients of the Kidney Failure Risk Equation with four variables.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailureRisk {
    pub(crate) age: f64,
    pub(crate) age_center: f64,
    pub(crate) male: f64,
    pub(crate) male_center: f64,
    pub(crate) filtration: f64,
    pub(crate) filtration_center: f64,
    pub(crate) albumin: f64,
    pub(crate) albumin_center: f64,
    /// Who of the average patients is free of failure after two and after five years.
    pub(crate) two_years: f64,
    pub(crate) five_years: f64,
}

impl FailureRisk {
    /// The risk within two and within five years of an age, a filtration in mL/min/1.73 m² and a ratio of albumin to
    /// creatinine in mg/g. It was made for filtrations below 60.
    pub(crate) fn of(&self, sex: Sex, age: f64, filtration: f64, albumin: f64) -> (f64, f64) {
        let male = if sex == Sex::Male { 1.0 } else { 0.0 };
        let sum = self.age * (age / 10.0 - self.age_center)
            + self.male * (male - self.male_center)
            + self.filtration * (filtration / 5.0 - self.filtration_center)
            + self.albumin * (libm::log(albumin) - self.albumin_center);
        let ratio = libm::exp(sum);
        (1.0 - libm::pow(self.two_years, ratio), 1.0 - libm::pow(self.five_years, ratio))
    }
}

const STEEP: f64 = -1.2;
const PER_YEAR: f64 = 0.9938;

fn constants(sex: Sex) -> (f64, f64, f64) {
    match sex {
        Sex::Male => (0.9, -0.302, 1.0),
        Sex::Female => (0.7, -0.241, 1.012),
    }
}

#[cfg(test)]
mod tests {
    use super::{FailureRisk, creatinine, filtration};
    use crate::program::person::Sex;

    #[test]
    fn filtration_is_that_of_the_published_equation() {
        let known =
            [(Sex::Female, 50.0, 1.0, 68.6335), (Sex::Male, 50.0, 1.0, 91.6915), (Sex::Female, 70.0, 0.6, 96.5012)];
        for (sex, age, serum, wanted) in known {
            assert!((filtration(sex, age, serum) - wanted).abs() < 5e-5, "{}", filtration(sex, age, serum));
        }
    }

    #[test]
    fn creatinine_turns_filtration_round() {
        for sex in [Sex::Male, Sex::Female] {
            for wanted in [8.0, 45.0, 59.9, 90.0, 118.0] {
                let found = filtration(sex, 61.5, creatinine(sex, 61.5, wanted));
                assert!((found - wanted).abs() < 1e-9, "{found}");
            }
        }
    }

    /// A man of 65 with a filtration of 30 and 300 mg/g of albumin, outside of North America and in it.
    #[test]
    fn the_risk_of_failure_is_that_of_the_published_equation() {
        let elsewhere = FailureRisk {
            age: -0.2201,
            age_center: 7.036,
            male: 0.2467,
            male_center: 0.5642,
            filtration: -0.5567,
            filtration_center: 7.222,
            albumin: 0.4510,
            albumin_center: 5.137,
            two_years: 0.9832,
            five_years: 0.9365,
        };
        let (two, five) = elsewhere.of(Sex::Male, 65.0, 30.0, 300.0);
        assert!((two - 0.052_682_9).abs() < 5e-8 && (five - 0.189_066_7).abs() < 5e-8, "{two} {five}");
        let america = FailureRisk { two_years: 0.9750, five_years: 0.9240, ..elsewhere };
        let (two, five) = america.of(Sex::Male, 65.0, 30.0, 300.0);
        assert!(two > 0.052_682_9 && five > 0.189_066_7, "{two} {five}");
    }
}
