//! Noise that hides one row, and the choice that does: drawn exactly, on whole numbers.
//!
//! The samplers are those of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy" (NeurIPS
//! 2020), algorithms 1 to 3. No float takes part, so there is no floating-point grid from which a count could be read
//! back (Mironov 2012). The bits come from a cryptographic generator that the caller seeds from the operating system.
//!
//! The counts under `backend/` have a discrete Laplace sampler of their own: that room may not see this one, nor this
//! one that, and what they share is the dozen lines of `below` and `bernoulli_exp`.

use super::accountant::Rho;
use super::real::{natural, real};
use rand::CryptoRng;

#[cfg(test)]
mod tests;

/// Units of a variance in one.
const VARIANCE_UNITS: u64 = 1 << 10;
/// Units of a rate in one.
const RATE_UNITS: u64 = 1 << 23;

/// The parameter σ² of discrete Gaussian noise, in units of 2^-10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variance(u64);

/// The ε of one use of the exponential mechanism, in units of 2^-23.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

/// Draws from a cryptographic generator.
#[derive(Debug)]
pub struct Noise<'r, R> {
    rng: &'r mut R,
}

impl Variance {
    /// The smallest variance that can be drawn and is not below `value`; from 2^-10 to 2^40.
    pub fn at_least(value: f64) -> Self {
        let units = natural(libm::ceil(value * real(VARIANCE_UNITS)));
        Self(units.clamp(1, 1 << 50))
    }

    /// The smallest variance whose noise costs no more than this.
    pub fn costing(rho: Rho) -> Self {
        Self((1_u64 << 59).div_ceil(rho.units().max(1)).clamp(1, 1 << 50))
    }

    /// The same for what one person changes by a Euclidean length of at most the root of `square`.
    pub(crate) fn for_norm(rho: Rho, square: u64) -> Self {
        let units = (u128::from(square) << 59).div_ceil(u128::from(rho.units().max(1)));
        Self(u64::try_from(units).unwrap_or(u64::MAX).clamp(1, 1 << 50))
    }

    /// In units of 2^-10.
    pub fn units(self) -> u64 {
        self.0
    }

    /// From units of 2^-10, in the range that can be drawn.
    pub fn from_units(units: u64) -> Option<Self> {
        (1..=1 << 50).contains(&units).then_some(Self(units))
    }

    /// As a real number.
    pub fn as_f64(self) -> f64 {
        real(self.0) / real(VARIANCE_UNITS)
    }
}

impl Rate {
    /// The largest rate that can be drawn and is not above `value`.
    pub fn at_most(value: f64) -> Self {
        Self(natural(value * real(RATE_UNITS)).min(1 << 30))
    }

    /// The largest rate that costs no more than this.
    pub fn costing(rho: Rho) -> Self {
        Self((rho.units() / 2).isqrt().min(1 << 30))
    }

    /// In units of 2^-23.
    pub fn units(self) -> u64 {
        self.0
    }
}

impl<'r, R: CryptoRng> Noise<'r, R> {
    /// Draws from this generator.
    pub fn new(rng: &'r mut R) -> Self {
        Self { rng }
    }

    /// Discrete Gaussian noise: `P(x)` is proportional to `exp(-x² / (2 variance))`.
    pub fn gaussian(&mut self, variance: Variance) -> i64 {
        let units = u128::from(variance.0);
        let scale = (variance.0 / VARIANCE_UNITS).isqrt() + 1;
        let (wide, one) = (u128::from(scale), u128::from(VARIANCE_UNITS));
        loop {
            let drawn = self.laplace(scale);
            let magnitude = u128::from(drawn.unsigned_abs());
            // So far out, at 2^12 scales, lies nothing that is ever drawn; it keeps the squares below within 128 bits.
            if magnitude > wide << 12 {
                continue;
            }
            // exp(-(|x| - σ²/t)² / (2σ²)) with σ² = units / 2^10 and t = scale.
            let distance = (magnitude * wide * one).abs_diff(units);
            if self.bernoulli_exp(distance * distance, 2 * units * one * wide * wide) {
                return drawn;
            }
        }
    }

    /// Discrete Laplace noise of a whole scale: `P(x)` is proportional to `exp(-|x| / scale)`.
    pub fn laplace(&mut self, scale: u64) -> i64 {
        let scale = scale.max(1);
        loop {
            let first = self.below(u128::from(scale));
            if !self.bernoulli_exp(first, u128::from(scale)) {
                continue;
            }
            let mut rounds = 0_u64;
            while self.bernoulli_exp(1, 1) {
                rounds = rounds.saturating_add(1);
            }
            let magnitude = u64::try_from(first).unwrap_or(u64::MAX).saturating_add(scale.saturating_mul(rounds));
            let negative = self.rng.next_u32() % 2 == 1;
            if negative && magnitude == 0 {
                continue;
            }
            let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
            return if negative { -magnitude } else { magnitude };
        }
    }

    /// The exponential mechanism: the place of one score, likelier by `exp(rate × score / (2 sensitivity))`.
    ///
    /// A place is drawn from all alike and kept with the probability by which it falls behind the best, until one is
    /// kept. `None` without scores.
    pub fn choose(&mut self, scores: &[i64], sensitivity: u32, rate: Rate) -> Option<usize> {
        let best = *scores.iter().max()?;
        let count = u128::try_from(scores.len()).ok()?;
        let denominator = 2 * u128::from(RATE_UNITS) * u128::from(sensitivity.max(1));
        loop {
            let place = usize::try_from(self.below(count)).ok()?;
            let behind = best.abs_diff(*scores.get(place)?);
            if self.bernoulli_exp(u128::from(behind) * u128::from(rate.0), denominator) {
                return Some(place);
            }
        }
    }

    /// The generator itself, for a mechanism inside another.
    pub(crate) fn rng(&mut self) -> &mut R {
        self.rng
    }

    /// A key for another generator.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        seed
    }

    /// A whole number below a bound, all equally likely.
    fn below(&mut self, bound: u128) -> u128 {
        // The largest multiple of the bound is fair: what lies above it would make small numbers likelier.
        if let Ok(bound) = u64::try_from(bound) {
            let bound = bound.max(1);
            let fair = u64::MAX - u64::MAX % bound;
            loop {
                let word = self.rng.next_u64();
                if word < fair {
                    return u128::from(word % bound);
                }
            }
        }
        let fair = u128::MAX - u128::MAX % bound;
        loop {
            let word = (u128::from(self.rng.next_u64()) << 64) | u128::from(self.rng.next_u64());
            if word < fair {
                return word % bound;
            }
        }
    }

    /// True with probability `exp(-numerator / denominator)`.
    fn bernoulli_exp(&mut self, numerator: u128, denominator: u128) -> bool {
        for _ in 0..numerator / denominator {
            if !self.bernoulli_exp_small(1, 1) {
                return false;
            }
        }
        self.bernoulli_exp_small(numerator % denominator, denominator)
    }

    /// The same for fractions from 0 to 1.
    fn bernoulli_exp_small(&mut self, numerator: u128, denominator: u128) -> bool {
        let mut round = 1_u128;
        // True with probability numerator / (denominator × round).
        while self.below(denominator.saturating_mul(round)) < numerator {
            round = round.saturating_add(1);
        }
        round % 2 == 1
    }
}
