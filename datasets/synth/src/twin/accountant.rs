//! What privacy was promised and how much of it is spent: zero-concentrated differential privacy.
//!
//! The conversion from (ε, δ) is that of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy"
//! (NeurIPS 2020), proposition 12. What is spent is counted in whole units of 2^-50, each cost rounded up and the
//! budget rounded down, so that the sum of many costs is exact.

use super::TwinError;
use super::noise::{Rate, Variance};
use super::real::{natural, real};

#[cfg(test)]
mod tests;

/// Halvings of an interval: more than a float has bits.
const HALVINGS: u32 = 120;
const UNITS: f64 = 1_125_899_906_842_624.0;

/// Loss of privacy in units of 2^-50: ρ of zero-concentrated differential privacy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Rho(u64);

/// What may be lost in all, and what is lost already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    total: Rho,
    spent: Rho,
}

impl Rho {
    /// The largest loss that can be counted and is not above `value`.
    pub fn at_most(value: f64) -> Self {
        Self(natural(value * UNITS))
    }

    /// From units of 2^-50.
    pub fn from_units(units: u64) -> Self {
        Self(units)
    }

    /// In units of 2^-50.
    pub fn units(self) -> u64 {
        self.0
    }

    /// As a real number.
    pub fn as_f64(self) -> f64 {
        real(self.0) / UNITS
    }

    /// What discrete Gaussian noise costs on counts that one row changes by one, in one cell: 1 / (2 variance).
    pub fn of_gaussian(variance: Variance) -> Self {
        // 2^50 / (2 v / 2^10) for a variance of v units of 2^-10.
        Self((1_u64 << 59).div_ceil(variance.units().max(1)))
    }

    /// The same where one person changes all cells together by a Euclidean length of at most the root of `square`.
    pub(crate) fn of_norm(variance: Variance, square: u64) -> Self {
        let units = (u128::from(square) << 59).div_ceil(u128::from(variance.units().max(1)));
        Self(u64::try_from(units).unwrap_or(u64::MAX))
    }

    /// What the exponential mechanism costs: ε² / 8.
    pub fn of_exponential(rate: Rate) -> Self {
        // 2^50 (r / 2^23)² / 8 for a rate of r units of 2^-23.
        Self(rate.units().saturating_mul(rate.units()).saturating_mul(2))
    }

    /// A part of it, rounded down.
    pub fn share(self, part: u64, of: u64) -> Self {
        let units = u128::from(self.0) * u128::from(part) / u128::from(of.max(1));
        Self(u64::try_from(units).unwrap_or(u64::MAX))
    }

    /// So many times as much.
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// What is left of it without another.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::fmt::Display for Rho {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.9}", self.as_f64())
    }
}

impl Budget {
    /// Nothing of it spent.
    pub fn new(total: Rho) -> Self {
        Self { total, spent: Rho(0) }
    }

    /// The budget under which a table is (ε, δ)-differentially private.
    pub fn of(epsilon: f64, delta: f64) -> Result<Self, TwinError> {
        let refuse = |name, reason: &str| Err(TwinError::Parameter { name, reason: reason.to_owned() });
        if !(0.001..=100.0).contains(&epsilon) {
            return refuse("epsilon", "must be between 0.001 and 100");
        }
        if !(1e-30..=1e-3).contains(&delta) {
            return refuse("delta", "must be between 1e-30 and 1e-3, and below one over the number of rows");
        }
        Ok(Self::new(Rho::at_most(cdp_rho(epsilon, delta))))
    }

    /// Takes a cost out of it, before anything is drawn that costs it.
    pub fn spend(&mut self, cost: Rho) -> Result<(), TwinError> {
        let left = self.left();
        if cost > left {
            return Err(TwinError::Overspent { asked: cost, left });
        }
        self.spent = self.spent.plus(cost);
        Ok(())
    }

    /// What may still be spent.
    pub fn left(&self) -> Rho {
        self.total.less(self.spent)
    }

    /// What is spent.
    pub fn spent(&self) -> Rho {
        self.spent
    }

    /// All of it.
    pub fn total(&self) -> Rho {
        self.total
    }
}

/// The smallest δ that is known to hold with ε for what is ρ-zCDP.
pub fn cdp_delta(rho: f64, epsilon: f64) -> f64 {
    if rho <= 0.0 {
        return 0.0;
    }
    // Every alpha gives a δ that holds; the least is where the derivative changes its sign.
    let (mut low, mut high) = (1.01, (epsilon + 1.0) / (2.0 * rho) + 2.0);
    for _ in 0..HALVINGS {
        let alpha = (low + high) / 2.0;
        let slope = (2.0 * alpha - 1.0) * rho - epsilon + libm::log1p(-1.0 / alpha);
        if slope < 0.0 { low = alpha } else { high = alpha }
    }
    let alpha = (low + high) / 2.0;
    let exponent = (alpha - 1.0) * (alpha * rho - epsilon) + alpha * libm::log1p(-1.0 / alpha);
    (libm::exp(exponent) / (alpha - 1.0)).min(1.0)
}

/// The largest ρ for which ρ-zCDP is known to be (ε, δ)-differentially private.
pub fn cdp_rho(epsilon: f64, delta: f64) -> f64 {
    let (mut low, mut high) = (0.0, epsilon + 1.0);
    for _ in 0..HALVINGS {
        let rho = (low + high) / 2.0;
        if cdp_delta(rho, epsilon) <= delta { low = rho } else { high = rho }
    }
    low
}
