//! The one place that looks at coded rows. Whatever leaves it is noisy, and was paid for before it was drawn.

use super::TwinError;
use super::accountant::{Budget, Rho};
use super::domain::Codes;
use super::noise::{Noise, Rate, Variance};
use super::pgm::Set;
use rand::CryptoRng;
use std::collections::BTreeMap;

/// Cells of counts that are kept so as not to be counted again: 64 MB.
const KEPT_MAX: usize = 1 << 24;

/// Coded rows and the budget for what may be told about them.
pub(crate) struct Curator<'r, R> {
    rows: Codes,
    sizes: Vec<usize>,
    budget: Budget,
    noise: Noise<'r, R>,
    kept: BTreeMap<Set, Vec<u32>>,
    room: usize,
    fault: Fault,
}

/// Counts of a set of columns with noise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) set: Set,
    pub(crate) variance: Variance,
    pub(crate) counts: Vec<i64>,
}

/// A true number that one row changes by one at most. It can be weighed and compared, and not read.
#[derive(Clone, Copy)]
pub(crate) struct Unreleased(i64);

/// What a test breaks on purpose, to see that the audit notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    /// Nothing: the only one outside tests.
    #[default]
    None,
    /// Noise of a twentieth of the standard deviation that was paid for.
    #[cfg(test)]
    LittleNoise,
    /// Persons count with all their events, however many.
    #[cfg(test)]
    NoClip,
}

impl Unreleased {
    /// A whole multiple of it less a number; one row changes that by `times`.
    pub(crate) fn scored(self, times: i64, less: i64) -> Self {
        Self(self.0.saturating_mul(times).saturating_sub(less))
    }
}

impl<'r, R: CryptoRng> Curator<'r, R> {
    pub(crate) fn new(rows: Codes, sizes: Vec<usize>, budget: Budget, rng: &'r mut R, fault: Fault) -> Self {
        Self { rows, sizes, budget, noise: Noise::new(rng), kept: BTreeMap::new(), room: KEPT_MAX, fault }
    }

    /// How many codes each column has.
    pub(crate) fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The counts of every cell with discrete Gaussian noise, for at most this cost.
    pub(crate) fn measure(&mut self, set: Set, cost: Rho) -> Result<Measured, TwinError> {
        let variance = Variance::costing(cost);
        self.budget.spend(Rho::of_gaussian(variance))?;
        let drawn = self.fault.variance(variance);
        let noise = &mut self.noise;
        let counts = count(&self.rows.columns, &self.sizes, set);
        let counts = counts.into_iter().map(|count| i64::from(count).saturating_add(noise.gaussian(drawn))).collect();
        Ok(Measured { set, variance, counts })
    }

    /// How many counts, summed over all cells, are not as expected. One row changes one count by one.
    pub(crate) fn distance(&mut self, set: Set, expected: &[u32]) -> Unreleased {
        if !self.kept.contains_key(&set) && set.cells(&self.sizes) <= self.room {
            let counts = count(&self.rows.columns, &self.sizes, set);
            self.room = self.room.saturating_sub(counts.len());
            self.kept.insert(set, counts);
        }
        let far =
            |counts: &[u32]| counts.iter().zip(expected).map(|(one, other)| i64::from(one.abs_diff(*other))).sum();
        match self.kept.get(&set) {
            Some(counts) => Unreleased(far(counts)),
            None => Unreleased(far(&count(&self.rows.columns, &self.sizes, set))),
        }
    }

    /// The place of one score by the exponential mechanism, for at most this cost. `None` without scores.
    pub(crate) fn choose(
        &mut self,
        scores: &[Unreleased],
        sensitivity: u32,
        cost: Rho,
    ) -> Result<Option<usize>, TwinError> {
        let rate = Rate::costing(cost);
        self.budget.spend(Rho::of_exponential(rate))?;
        let scores: Vec<i64> = scores.iter().map(|score| score.0).collect();
        Ok(self.noise.choose(&scores, sensitivity, rate))
    }

    /// Puts codes of a column together: each becomes the code at its place in `codes`, below `size`.
    pub(crate) fn merge(&mut self, column: usize, codes: &[u16], size: usize) {
        let rows = self.rows.columns.get_mut(column).map_or(&mut [][..], Vec::as_mut_slice);
        for code in rows {
            *code = codes.get(usize::from(*code)).copied().unwrap_or(0);
        }
        if let Some(known) = self.sizes.get_mut(column) {
            *known = size;
        }
        self.kept.clear();
        self.room = KEPT_MAX;
    }

    /// Bits for chance that protects nobody.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        self.noise.seed()
    }
}

impl Fault {
    pub(crate) fn variance(self, variance: Variance) -> Variance {
        match self {
            Self::None => variance,
            #[cfg(test)]
            Self::NoClip => variance,
            #[cfg(test)]
            Self::LittleNoise => Variance::at_least(variance.as_f64() / 400.0),
        }
    }

    /// Whether what one person adds is cut.
    pub(crate) fn clips(self) -> bool {
        match self {
            Self::None => true,
            #[cfg(test)]
            Self::LittleNoise => true,
            #[cfg(test)]
            Self::NoClip => false,
        }
    }
}

/// How many rows are in each cell of a set of at most three columns, the last column fastest.
pub(crate) fn count(rows: &[Vec<u16>], sizes: &[usize], set: Set) -> Vec<u32> {
    let mut counts = vec![0_u32; set.cells(sizes)];
    let length = rows.first().map_or(0, Vec::len);
    let nothing = vec![0_u16; if set.len() < 3 { length } else { 0 }];
    let mut columns = set.strides(sizes).into_iter().map(|(column, _, stride)| {
        let codes = rows.get(column).map_or(nothing.as_slice(), Vec::as_slice);
        (codes, stride)
    });
    let mut next = || columns.next().unwrap_or((&nothing, 0));
    let ((first, first_stride), (second, second_stride), (third, third_stride)) = (next(), next(), next());
    for ((first, second), third) in first.iter().zip(second).zip(third) {
        let cell = usize::from(*first) * first_stride
            + usize::from(*second) * second_stride
            + usize::from(*third) * third_stride;
        if let Some(count) = counts.get_mut(cell) {
            *count += 1;
        }
    }
    counts
}
