//! Three attackers: one who knows that his target is in the data (prosecutor), one who does not (journalist), and one
//! who wants as many persons as he can get (marketer). For the last two it counts how many persons of the population are
//! in a class, which is counted where there is a table of them and estimated otherwise.

use super::{float, share};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The chances of the three.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attackers {
    /// Prosecutor: of the person who is found most easily.
    pub prosecutor_max: f64,
    /// Prosecutor: of a person on average.
    pub prosecutor_mean: f64,
    /// Share of persons of whom the prosecutor's chance is above 1/k.
    pub at_risk: f64,
    /// Journalist: of the person who is found most easily.
    pub journalist_max: f64,
    /// Marketer: share of the persons who are found when everybody is guessed.
    pub marketer: f64,
    /// How the classes of the population are known.
    pub population: PopulationClasses,
}

/// How the population's classes are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PopulationClasses {
    /// Not at all: the persons are taken to be the population.
    Unknown,
    /// Estimated from the sample (Benedetti & Franconi 1998).
    Estimated,
    /// From a table of them.
    Counted,
}

/// A class that is released: persons of the sample, and of the population where that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassSize {
    /// Persons of the release.
    pub sample: u64,
    /// Persons of the population; a table that knows fewer than the release has is taken to lack those.
    pub population: Option<u64>,
}

/// The chances of the three against these classes.
pub fn attackers(classes: &[ClassSize], k: u64, population: Option<u64>) -> Attackers {
    let persons: u64 = classes.iter().map(|class| class.sample).sum();
    let smallest = classes.iter().map(|class| class.sample).min().unwrap_or(0);
    let fraction = population.map(|population| share(persons, population.max(persons)));
    let counted = !classes.is_empty() && classes.iter().all(|class| class.population.is_some());
    let mut known = HashMap::new();
    let mut chance = |class: &ClassSize| match (class.population.filter(|_| counted), fraction) {
        (Some(population), _) => share(1, population.max(class.sample)),
        (None, Some(fraction)) => *known.entry(class.sample).or_insert_with(|| expected(class.sample, fraction)),
        (None, None) => share(1, class.sample),
    };
    let (mut highest, mut found) = (0.0_f64, 0.0);
    for class in classes {
        let chance = chance(class);
        highest = highest.max(chance);
        found += float(class.sample) * chance;
    }
    let risky = classes.iter().filter(|class| class.sample < k).map(|class| class.sample).sum();
    Attackers {
        prosecutor_max: share(1, smallest),
        prosecutor_mean: share(u64::try_from(classes.len()).unwrap_or(u64::MAX), persons),
        at_risk: share(risky, persons),
        journalist_max: highest,
        marketer: if persons == 0 { 0.0 } else { found / float(persons) },
        population: match (counted, fraction) {
            (true, _) => PopulationClasses::Counted,
            (false, Some(_)) => PopulationClasses::Estimated,
            (false, None) => PopulationClasses::Unknown,
        },
    }
}

/// Steps of the sum in place of an integral.
const STEPS: u32 = 2_000;

/// What one over the size of a class of the population is expected to be, when `sample` persons of it were drawn, each
/// with the chance `fraction`: the others are negative binomial. It is the integral of p u^(n-1) / (p + q u) from 0 to
/// 1.
fn expected(sample: u64, fraction: f64) -> f64 {
    let (n, p) = (float(sample), fraction.clamp(f64::MIN_POSITIVE, 1.0));
    let q = 1.0 - p;
    if sample == 0 || q <= 0.0 {
        return share(1, sample);
    }
    if p <= 0.5 && sample <= 40 {
        // Errors shrink from size to size as p/q is at most 1.
        let first = p / q * (1.0 / p).ln();
        return (2..=sample).fold(first, |before, size| p / q * (1.0 / float(size - 1) - before));
    }
    // By v = u^n the integrand is flat.
    let at = |step: u32| (f64::from(step) + 0.5) / f64::from(STEPS);
    let sum: f64 = (0..STEPS).map(|step| 1.0 / (p + q * at(step).powf(1.0 / n))).sum();
    p / n * sum / f64::from(STEPS)
}

#[cfg(test)]
mod tests {
    use super::{Attackers, ClassSize, PopulationClasses, attackers, expected};
    use proptest::prelude::*;

    fn classes(sizes: &[(u64, Option<u64>)]) -> Vec<ClassSize> {
        sizes.iter().map(|(sample, population)| ClassSize { sample: *sample, population: *population }).collect()
    }

    /// The expectation by its own series: f + j persons with the negative binomial's chance of j.
    fn series(sample: u32, p: f64) -> f64 {
        let mut chance = p.powi(i32::try_from(sample).unwrap());
        let mut sum = 0.0;
        for others in 0..200_000_u32 {
            sum += chance / f64::from(sample + others);
            chance *= (1.0 - p) * f64::from(sample + others) / f64::from(others + 1);
        }
        sum
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_expected_chance_is_the_sum_of_its_series(sample in 1_u32..80, p in 0.01_f64..0.99) {
            prop_assert!((expected(sample.into(), p) - series(sample, p)).abs() < 2e-4);
        }

        #[test]
        fn each_figure_is_a_naive_count(sizes in prop::collection::vec((1_u64..9, 0_u64..30), 1..30), k in 1_u64..6) {
            let counted: Vec<(u64, Option<u64>)> = sizes.iter().map(|(f, more)| (*f, Some(f + more))).collect();
            let found = attackers(&classes(&counted), k, Some(10_000));
            let float = |count: u64| f64::from(u32::try_from(count).unwrap());
            let persons: f64 = sizes.iter().map(|(f, _)| float(*f)).sum();
            let marketer: f64 = sizes.iter().map(|(f, more)| float(*f) / float(f + more)).sum();
            prop_assert!((found.marketer - marketer / persons).abs() < 1e-12);
            let smallest = sizes.iter().map(|(f, more)| f + more).min().unwrap();
            prop_assert!((found.journalist_max - 1.0 / float(smallest)).abs() < 1e-12);
            let risky: u64 = sizes.iter().filter(|(f, _)| *f < k).map(|(f, _)| f).sum();
            prop_assert!((found.at_risk - float(risky) / persons).abs() < 1e-12);
            prop_assert_eq!(found.population, PopulationClasses::Counted);
        }

        #[test]
        fn whom_one_does_not_know_to_be_there_is_never_found_more_easily(
            sizes in prop::collection::vec(1_u64..9, 1..30), more in 0_u64..100_000,
        ) {
            let sizes: Vec<(u64, Option<u64>)> = sizes.iter().map(|size| (*size, None)).collect();
            let persons: u64 = sizes.iter().map(|(size, _)| size).sum();
            let found = attackers(&classes(&sizes), 5, Some(persons + more));
            prop_assert!(found.journalist_max <= found.prosecutor_max + 1e-9);
            prop_assert!(found.marketer <= found.prosecutor_mean + 1e-9);
        }
    }

    #[test]
    fn without_a_population_the_sample_is_one_and_nobody_is_not_found() {
        let Attackers { prosecutor_max, journalist_max, prosecutor_mean, marketer, population, .. } =
            attackers(&classes(&[(2, None), (4, None)]), 5, None);
        assert!((prosecutor_max - journalist_max).abs() < f64::EPSILON && (prosecutor_mean - marketer).abs() < 1e-12);
        assert_eq!(population, PopulationClasses::Unknown);
        assert!(attackers(&[], 5, Some(10)).marketer.abs() < f64::EPSILON);
        assert!((expected(3, 1.0) - 1.0 / 3.0).abs() < f64::EPSILON);
    }
}
