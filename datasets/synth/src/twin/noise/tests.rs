use super::*;
use crate::twin::real::{length, signed};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;

const DRAWS: u32 = 120_000;

/// Pearson's statistic over every value that is expected at least 20 times, and the 99.99 % point of its distribution.
fn misfit(seen: &BTreeMap<i64, u32>, weight: impl Fn(i64) -> f64) -> (f64, f64) {
    let total: f64 = (-4_000..=4_000).map(&weight).sum();
    let (mut statistic, mut classes, mut covered, mut counted) = (0.0, 0_u32, 0.0, 0_u32);
    for value in -4_000..=4_000 {
        let expected = weight(value) / total * f64::from(DRAWS);
        if expected >= 20.0 {
            let found = seen.get(&value).copied().unwrap_or(0);
            statistic += (f64::from(found) - expected).powi(2) / expected;
            covered += expected;
            counted += found;
            classes += 1;
        }
    }
    let rest = f64::from(DRAWS) - covered;
    if rest >= 20.0 {
        statistic += (f64::from(DRAWS) - f64::from(counted) - rest).powi(2) / rest;
        classes += 1;
    }
    assert!(classes > 3);
    // By Wilson and Hilferty.
    let freedom = f64::from(classes - 1);
    (statistic, freedom * (1.0 - 2.0 / (9.0 * freedom) + 3.719 * (2.0 / (9.0 * freedom)).sqrt()).powi(3))
}

fn gaussians(variance: Variance, seed: u64) -> BTreeMap<i64, u32> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut noise = Noise::new(&mut rng);
    let mut seen = BTreeMap::new();
    for _ in 0..DRAWS {
        *seen.entry(noise.gaussian(variance)).or_insert(0) += 1;
    }
    seen
}

fn bell(variance: f64) -> impl Fn(i64) -> f64 {
    move |value| (-signed(value).powi(2) / (2.0 * variance)).exp()
}

#[test]
fn gaussian_noise_has_the_distribution() {
    for (variance, seed) in [(0.3, 1), (1.0, 2), (8.7, 3), (1_402.4, 4)] {
        let variance = Variance::at_least(variance);
        let (statistic, limit) = misfit(&gaussians(variance, seed), bell(variance.as_f64()));
        assert!(statistic < limit, "{variance:?}: {statistic} of {limit}");
    }
}

#[test]
fn a_variance_that_is_a_little_off_would_be_noticed() {
    let (statistic, limit) = misfit(&gaussians(Variance::at_least(8.7), 3), bell(8.7 * 1.04));
    assert!(statistic > limit, "{statistic} of {limit}");
}

#[test]
fn wide_noise_has_its_moments() {
    // Beyond what fits into 64 bits on the way.
    let variance = Variance::at_least(3e10);
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let mut noise = Noise::new(&mut rng);
    let drawn: Vec<f64> = (0..20_000).map(|_| signed(noise.gaussian(variance))).collect();
    let mean = drawn.iter().sum::<f64>() / length(drawn.len());
    let square = drawn.iter().map(|value| value * value).sum::<f64>() / length(drawn.len());
    assert!(mean.abs() < 4.0 * (3e10_f64 / 20_000.0).sqrt(), "{mean}");
    assert!((square / 3e10 - 1.0).abs() < 4.0 * (2.0_f64 / 20_000.0).sqrt(), "{square}");
}

#[test]
fn laplace_noise_has_the_distribution() {
    for scale in [1_u32, 4, 11] {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(scale));
        let mut noise = Noise::new(&mut rng);
        let mut seen = BTreeMap::new();
        for _ in 0..DRAWS {
            *seen.entry(noise.laplace(u64::from(scale))).or_insert(0) += 1;
        }
        let (statistic, limit) = misfit(&seen, |value| (-signed(value).abs() / f64::from(scale)).exp());
        assert!(statistic < limit, "{scale}: {statistic} of {limit}");
    }
}

#[test]
fn choices_have_the_probabilities_of_the_exponential_mechanism() {
    let scores = [5_i64, -3, 9, 9, 0, 7, -400];
    let rate = Rate::at_most(0.8);
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let mut noise = Noise::new(&mut rng);
    let mut seen = BTreeMap::new();
    for _ in 0..DRAWS {
        let place = noise.choose(&scores, 3, rate).unwrap();
        *seen.entry(i64::try_from(place).unwrap()).or_insert(0) += 1;
    }
    let weight = |place: i64| {
        let score = usize::try_from(place).ok().and_then(|place| scores.get(place));
        score.map_or(0.0, |score| (0.8 * signed(*score) / 6.0).exp())
    };
    let (statistic, limit) = misfit(&seen, weight);
    assert!(statistic < limit, "{statistic} of {limit}");
    assert_eq!(noise.choose(&[], 1, rate), None);
    assert_eq!(noise.choose(&[i64::MIN, i64::MAX], 1, Rate::at_most(9.0)), Some(1));
}

#[test]
fn the_same_key_gives_the_same_noise() {
    let draw = || Noise::new(&mut ChaCha20Rng::seed_from_u64(9)).gaussian(Variance::at_least(1e6));
    assert_eq!(draw(), draw());
}
