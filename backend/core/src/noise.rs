//! Noise for counts under differential privacy: the discrete Laplace distribution, drawn exactly.
//!
//! Counts are whole numbers and the budget is a whole number of hundredths, so the sampler works on whole numbers alone:
//! nothing is rounded, and there is no floating-point grid from which a count could be read back (Mironov 2012). The
//! algorithm is that of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (NeurIPS 2020),
//! algorithms 1 and 2.

use crate::clock::Entropy;

/// A budget of privacy loss in hundredths of epsilon: 100 is ε = 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epsilon(pub u32);

/// The scale of noise: the largest change that one person can make, over epsilon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    numerator: u32,
    denominator: u32,
}

impl Epsilon {
    /// As a decimal fraction.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Reads a decimal fraction with at most two decimals; nothing else, so that what is charged is what was said.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 6 || decimals.len() > 2 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let hundredths = format!("{whole}{decimals:0<2}");
        hundredths.parse().ok().map(Self)
    }
}

impl std::fmt::Display for Epsilon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Scale {
    /// The scale for counts that one person changes by at most `sensitivity` in all; `None` without a budget.
    pub fn of(sensitivity: u32, epsilon: Epsilon) -> Option<Self> {
        let numerator = sensitivity.checked_mul(100)?;
        (epsilon.0 > 0 && sensitivity > 0).then_some(Self { numerator, denominator: epsilon.0 })
    }

    /// The scale as a number.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// The smallest `m` for which noise lies between `-m` and `m` with at least this probability.
    pub fn half_width(self, probability: f64) -> u64 {
        let step = (-1.0 / self.as_f64()).exp();
        // P(|X| > m) = 2 q^(m+1) / (1 + q)
        let mut width = 0_u64;
        let mut outside = 2.0 * step / (1.0 + step);
        while outside > 1.0 - probability && width < 1_000_000 {
            outside *= step;
            width += 1;
        }
        width
    }
}

/// Draws from the discrete Laplace distribution: `P(x)` is proportional to `exp(-|x| / scale)`.
pub fn discrete_laplace(scale: Scale, entropy: &dyn Entropy) -> i64 {
    let (numerator, denominator) = (u64::from(scale.numerator), u64::from(scale.denominator));
    let mut bits = Bits { entropy };
    loop {
        let first = bits.below(numerator);
        if !bits.bernoulli_exp(first, numerator) {
            continue;
        }
        let mut rounds = 0_u64;
        while bits.bernoulli_exp(1, 1) {
            rounds = rounds.saturating_add(1);
        }
        let magnitude = first.saturating_add(numerator.saturating_mul(rounds)) / denominator;
        let negative = bits.below(2) == 1;
        if negative && magnitude == 0 {
            continue;
        }
        let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
        return if negative { -magnitude } else { magnitude };
    }
}

/// Exact draws from unpredictable bytes.
struct Bits<'e> {
    entropy: &'e dyn Entropy,
}

impl Bits<'_> {
    fn word(&mut self) -> u64 {
        let mut bytes = [0_u8; 8];
        self.entropy.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A whole number below a bound, all equally likely.
    fn below(&mut self, bound: u64) -> u64 {
        let bound = bound.max(1);
        // The largest multiple of the bound: what lies above it would make small numbers likelier.
        let fair = u64::MAX - u64::MAX % bound;
        loop {
            let word = self.word();
            if word < fair {
                return word % bound;
            }
        }
    }

    /// True with probability `exp(-numerator / denominator)`, for fractions from 0 to 1.
    fn bernoulli_exp(&mut self, numerator: u64, denominator: u64) -> bool {
        let mut round = 1_u64;
        // True with probability numerator / (denominator * round).
        while self.below(denominator.saturating_mul(round)) < numerator {
            round = round.saturating_add(1);
        }
        round % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::CountingEntropy;
    use std::collections::BTreeMap;

    /// SplitMix64: as random as a test of frequencies needs, and the same in every run.
    struct Mixed(std::sync::atomic::AtomicU64);

    impl Entropy for Mixed {
        fn fill(&self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(8) {
                let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::Relaxed);
                let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                z ^= z >> 31;
                chunk.copy_from_slice(&z.to_le_bytes()[..chunk.len()]);
            }
        }
    }

    fn draws(scale: Scale, count: u32) -> BTreeMap<i64, u32> {
        let entropy = Mixed(std::sync::atomic::AtomicU64::new(7));
        let mut seen = BTreeMap::new();
        for _ in 0..count {
            *seen.entry(discrete_laplace(scale, &entropy)).or_insert(0) += 1;
        }
        seen
    }

    #[test]
    fn draws_have_the_distribution() {
        const DRAWS: u32 = 200_000;
        for (sensitivity, epsilon) in [(1, 100), (1, 10), (3, 50), (1, 300)] {
            let scale = Scale::of(sensitivity, Epsilon(epsilon)).unwrap();
            let seen = draws(scale, DRAWS);
            let q = (-1.0 / scale.as_f64()).exp();
            let probability = |x: i64| (1.0 - q) / (1.0 + q) * q.powi(i32::try_from(x.unsigned_abs()).unwrap());
            // Pearson over every value that is expected at least 20 times; the rest is one class.
            let (mut statistic, mut classes, mut covered, mut counted) = (0.0, 0_u32, 0.0, 0_u32);
            let mut x = 0_i64;
            while probability(x) * f64::from(DRAWS) >= 20.0 {
                for value in if x == 0 { vec![0] } else { vec![x, -x] } {
                    let expected = probability(value) * f64::from(DRAWS);
                    let found = seen.get(&value).copied().unwrap_or(0);
                    statistic += (f64::from(found) - expected).powi(2) / expected;
                    covered += expected;
                    counted += found;
                    classes += 1;
                }
                x += 1;
            }
            let rest = f64::from(DRAWS) - covered;
            if rest >= 20.0 {
                statistic += (f64::from(DRAWS) - f64::from(counted) - rest).powi(2) / rest;
                classes += 1;
            }
            // The 99.99 % point of chi-squared by Wilson and Hilferty.
            let freedom = f64::from(classes - 1);
            let limit = freedom * (1.0 - 2.0 / (9.0 * freedom) + 3.719 * (2.0 / (9.0 * freedom)).sqrt()).powi(3);
            assert!(statistic < limit, "scale {scale:?}: {statistic} of {limit} over {classes} classes");
            assert!(classes > 4);
        }
    }

    #[test]
    fn a_distribution_that_is_a_little_off_would_be_noticed() {
        let right = draws(Scale::of(1, Epsilon(100)).unwrap(), 200_000);
        let q = (-1.02_f64).exp();
        let expected = (1.0 - q) / (1.0 + q) * 200_000.0;
        let deviation = (f64::from(right[&0]) - expected) / expected.sqrt();
        assert!(deviation.abs() > 3.7, "{deviation}");
    }

    #[test]
    fn widths_hold_what_they_say() {
        let scale = Scale::of(1, Epsilon(10)).unwrap();
        let width = i64::try_from(scale.half_width(0.95)).unwrap();
        let seen = draws(scale, 100_000);
        let inside: u32 = seen.iter().filter(|(x, _)| x.abs() <= width).map(|(_, count)| count).sum();
        let closer: u32 = seen.iter().filter(|(x, _)| x.abs() < width).map(|(_, count)| count).sum();
        assert!(inside >= 94_700 && closer < 95_300, "{width}: {inside} {closer}");
    }

    #[test]
    fn the_same_bytes_give_the_same_noise() {
        let scale = Scale::of(1, Epsilon(50)).unwrap();
        let draw = || discrete_laplace(scale, &CountingEntropy::default());
        assert_eq!(draw(), draw());
    }

    #[test]
    fn budgets_are_read_as_they_are_written() {
        for (text, hundredths) in [("1", 100), ("0.1", 10), ("0.05", 5), ("12.34", 1_234), ("0", 0)] {
            assert_eq!(Epsilon::parse(text), Some(Epsilon(hundredths)), "{text}");
        }
        for bad in ["", ".5", "0.001", "-1", "1e3", "inf", "NaN", "1.2.3", "+1", "99999999"] {
            assert_eq!(Epsilon::parse(bad), None, "{bad}");
        }
        assert_eq!(Epsilon(5).to_string(), "0.05");
        assert!(Scale::of(1, Epsilon(0)).is_none() && Scale::of(0, Epsilon(1)).is_none());
    }
}
