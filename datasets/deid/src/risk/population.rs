//! How many persons of the population are alone in their class, estimated from the classes of a sample.
//!
//! By the rule of Dankar et al. (BMC Med Inform Decis Mak 2012, 12:66) as ARX has it: up to a tenth of the population
//! the estimator of Pitman (Hoshino 2001), or that of Zayatz (1991) when it has no solution; above, Zayatz. There the rule
//! would take the slide negative binomial model where that is smaller. ARX's is not, on its own test; ours is, and is
//! told beside: what is said is no less than what ARX says.

use super::float;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod snb;

/// An estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Uniqueness {
    /// Share of the population that is alone in its class.
    pub unique_share: f64,
    /// How it was estimated.
    pub estimator: Estimator,
    /// What the slide negative binomial model says instead, above a tenth of the population and where it has an answer.
    pub slide_negative_binomial: Option<f64>,
}

/// An estimator of population uniqueness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// Pitman's model, by its likelihood.
    Pitman,
    /// By the chance that one who is alone in the sample is alone in the population.
    Zayatz,
}

/// Estimates the uniqueness of a population from the sizes of a sample's classes.
pub fn population_uniqueness(sizes: &[u64], population: u64) -> Uniqueness {
    let mut classes = BTreeMap::<u64, u64>::new();
    sizes.iter().for_each(|size| *classes.entry(*size).or_default() += 1);
    let persons: u64 = sizes.iter().sum();
    let population = population.max(persons);
    let sample = Sample { persons: float(persons), population: float(population), classes };
    if sample.alone() == 0.0 {
        return Uniqueness { unique_share: 0.0, estimator: Estimator::Zayatz, slide_negative_binomial: None };
    }
    if persons <= population / 10
        && let Some(unique_share) = sample.pitman()
    {
        return Uniqueness { unique_share, estimator: Estimator::Pitman, slide_negative_binomial: None };
    }
    // One that finds nobody at all found no answer.
    let other = sample.slide_negative_binomial().filter(|share| *share > 0.0 && persons > population / 10);
    Uniqueness { unique_share: sample.zayatz(), estimator: Estimator::Zayatz, slide_negative_binomial: other }
}

/// Persons, population, and for each size of a class how many classes have it.
struct Sample {
    persons: f64,
    population: f64,
    classes: BTreeMap<u64, u64>,
}

impl Sample {
    fn alone(&self) -> f64 {
        self.classes.get(&1).copied().map_or(0.0, float)
    }

    fn number_of_classes(&self) -> f64 {
        self.classes.values().copied().map(float).sum()
    }

    fn zayatz(&self) -> f64 {
        let one: f64 = self.classes.iter().map(|(size, count)| float(*count) * self.one_of(float(*size))).sum();
        let is_unique = self.alone() * self.one_of(1.0) / one;
        (self.alone() * is_unique / self.persons).min(1.0)
    }

    fn slide_negative_binomial(&self) -> Option<f64> {
        let fraction = self.persons / self.population;
        (fraction < 1.0).then(|| snb::uniques(&self.classes, fraction)).flatten().map(|unique| unique / self.population)
    }

    /// The chance that of a class of the population just one person is in the sample.
    fn one_of(&self, size: f64) -> f64 {
        let (n, all) = (self.persons, self.population);
        if n - 1.0 > all - size {
            return 0.0;
        }
        let choose = |from: f64, of: f64| ln_gamma(from + 1.0) - ln_gamma(of + 1.0) - ln_gamma(from - of + 1.0);
        size * (choose(all - size, n - 1.0) - choose(all, n)).exp()
    }

    /// The greatest likelihood of Pitman's model, where both of its derivatives are zero.
    fn pitman(&self) -> Option<f64> {
        let slope = |alpha: f64| Some(self.slope_alpha(self.theta(alpha)?, alpha));
        let steps = (1..40_u32).map(|step| f64::from(step) / 40.0);
        let mut rising = None;
        for alpha in steps {
            match slope(alpha) {
                Some(value) if value > 0.0 => rising = Some(alpha),
                Some(_) if rising.is_some() => {
                    let alpha = zero(rising?, alpha, |alpha| slope(alpha).unwrap_or(f64::NAN));
                    let theta = self.theta(alpha)?;
                    let log = ln_gamma(theta + 1.0) - ln_gamma(theta + alpha) + alpha * self.population.ln();
                    let share = log.exp() / self.population;
                    return (0.0..=1.0).contains(&share).then_some(share);
                }
                _ => {}
            }
        }
        None
    }

    /// The theta that goes with an alpha.
    fn theta(&self, alpha: f64) -> Option<f64> {
        let (n, classes) = (self.persons, self.number_of_classes());
        let slope = |log: f64| {
            let theta = log.exp();
            let of_classes = (digamma(classes + theta / alpha) - digamma(theta / alpha + 1.0)) / alpha;
            of_classes - (digamma(n + theta) - digamma(theta + 1.0))
        };
        // Beyond these, sums of so many terms are lost in rounding.
        let (low, high) = (-20.0, 14.0);
        (slope(low) > 0.0 && slope(high) < 0.0).then(|| zero(low, high, slope).exp())
    }

    fn slope_alpha(&self, theta: f64, alpha: f64) -> f64 {
        let (ratio, classes) = (theta / alpha, self.number_of_classes());
        let of_classes = (classes - 1.0 - ratio * (digamma(classes + ratio) - digamma(ratio + 1.0))) / alpha;
        let within =
            |(size, count): (&u64, &u64)| float(*count) * (digamma(float(*size) - alpha) - digamma(1.0 - alpha));
        of_classes - self.classes.iter().map(within).sum::<f64>()
    }
}

/// Where a function that is positive at the low end and negative at the high end is zero.
fn zero(mut low: f64, mut high: f64, function: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if function(middle) > 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// From here on the asymptotic series are exact to a dozen digits.
const FAR: f64 = 12.0;

/// The logarithm of the gamma function of a positive number.
fn ln_gamma(x: f64) -> f64 {
    if x < FAR {
        return ln_gamma(x + 1.0) - x.ln();
    }
    let square = x.powi(-2);
    let series = (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1_260.0 - square / 1_680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

/// The derivative of [`ln_gamma`].
fn digamma(x: f64) -> f64 {
    if x < FAR {
        return digamma(x + 1.0) - 1.0 / x;
    }
    let square = x.powi(-2);
    let series = square * (1.0 / 12.0 - square * (1.0 / 120.0 - square * (1.0 / 252.0 - square / 240.0)));
    x.ln() - 0.5 / x - series
}

#[cfg(test)]
mod tests {
    use super::{Estimator, Sample, digamma, ln_gamma, population_uniqueness};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_chance_of_one_of_a_class_is_the_one_that_is_counted(all in 2_u32..40, n in 1_u32..40, size in 1_u32..40) {
            let (n, size) = (n.min(all), size.min(all));
            let sample = Sample { persons: f64::from(n), population: f64::from(all), classes: [].into() };
            // The one of the class comes at some place of the drawing, others at all other places.
            let others = |drawn: u32| f64::from(all.saturating_sub(size + drawn)) / f64::from(all - 1 - drawn);
            let chance = f64::from(n * size) / f64::from(all) * (0..n - 1).map(others).product::<f64>();
            prop_assert!((sample.one_of(f64::from(size)) - chance).abs() < 1e-9);
        }

        #[test]
        fn a_sample_of_everybody_has_the_uniqueness_that_it_has(sizes in prop::collection::vec(1_u64..5, 1..60)) {
            let alone = sizes.iter().filter(|size| **size == 1).count();
            let persons: u64 = sizes.iter().sum();
            let share = f64::from(u32::try_from(alone).unwrap()) / f64::from(u32::try_from(persons).unwrap());
            prop_assert!((population_uniqueness(&sizes, persons).unique_share - share).abs() < 1e-9);
        }

        #[test]
        fn the_gamma_function_grows_as_it_should(x in 0.001_f64..1e7) {
            prop_assert!((ln_gamma(x + 1.0) - ln_gamma(x) - x.ln()).abs() < 1e-7);
            prop_assert!((digamma(x + 1.0) - digamma(x) - 1.0 / x).abs() < 1e-9);
        }
    }

    #[test]
    fn the_gamma_function_has_its_known_values() {
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-12);
        assert!((ln_gamma(11.0) - 3_628_800_f64.ln()).abs() < 1e-12);
        assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-12);
    }

    #[test]
    fn without_anybody_alone_nobody_is_unique_and_few_classes_have_no_model_of_pitman() {
        assert!(population_uniqueness(&[3, 4], 1_000).unique_share.abs() < f64::EPSILON);
        assert_eq!(population_uniqueness(&[1], 1_000).estimator, Estimator::Zayatz);
    }
}
