//! Estimated glomerular filtration by CKD-EPI 2021, without race: Inker et al., N Engl J Med 2021;385:1737.

use super::person::Sex;

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
    use super::{creatinine, filtration};
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
}
