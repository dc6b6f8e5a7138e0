//! A share that was estimated from a sample, with the interval that it is in.

use super::float;
use serde::{Deserialize, Serialize};

/// The normal distribution's quantile of an interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// A share with the interval of 95 % that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub share: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Estimate {
    /// Of what was drawn several times from each of a sample. Drawings from one are not independent, so that the
    /// interval (Wilson 1927) is that of as many drawings as there are in the sample: wider than it need be, never
    /// narrower.
    pub fn of_draws(hits: u64, sample: u64, draws: u64) -> Self {
        if sample == 0 {
            return Self { share: 0.0, low: 0.0, high: 1.0 };
        }
        Self::of_mean(float(hits) / (float(sample) * float(draws)), sample)
    }

    /// Of a mean of chances, one of each of a sample. No chances of that mean vary more than outcomes do, so that the
    /// interval is that of as many outcomes.
    pub fn of_mean(share: f64, sample: u64) -> Self {
        if sample == 0 {
            return Self { share: 0.0, low: 0.0, high: 1.0 };
        }
        let n = float(sample);
        let square = Z * Z;
        let middle = (share + square / (2.0 * n)) / (1.0 + square / n);
        let half = Z / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
        Self { share, low: (middle - half).max(0.0).min(share), high: (middle + half).min(1.0).max(share) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Estimate, Z};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_ends_are_the_shares_from_which_the_estimate_is_just_so_far(hits in 0_u32..200, n in 1_u32..200) {
            let hits = hits.min(n);
            let found = Estimate::of_draws(hits.into(), n.into(), 1);
            let p = f64::from(hits) / f64::from(n);
            for end in [found.low, found.high] {
                let far = (p - end).abs() - Z * (end * (1.0 - end) / f64::from(n)).sqrt();
                prop_assert!(far.abs() < 1e-9, "{far}");
            }
            prop_assert!(found.low <= p && p <= found.high);
        }
    }

    #[test]
    fn nothing_that_was_measured_says_nothing() {
        let nothing = Estimate::of_draws(0, 0, 8);
        assert!(nothing.low.abs() < f64::EPSILON && (nothing.high - 1.0).abs() < f64::EPSILON);
    }
}
