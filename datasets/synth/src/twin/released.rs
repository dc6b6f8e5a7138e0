//! What a mechanism tells about a table: all of it noisy, none of it a row.

use super::curator::Measured;
use super::pgm::{Fit, Set, Target};
use super::real::{length, signed};

/// Everything that a model is made of.
#[derive(Debug)]
pub(crate) struct Released {
    /// For each column, which code each original code became.
    pub(crate) merged: Vec<Merged>,
    /// What was measured, over the original codes for single columns and over the merged ones for several.
    pub(crate) measured: Vec<Measured>,
    pub(crate) fit: Fit,
}

/// Which codes of a column are kept. The others became one, that comes after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) kept: Vec<u16>,
    pub(crate) rare: Vec<u16>,
}

impl Merged {
    /// Every code as it is.
    pub(crate) fn none(size: usize) -> Self {
        Self { kept: (0..=u16::MAX).take(size).collect(), rare: Vec::new() }
    }

    /// Keeps what is seen three standard deviations above nothing.
    pub(crate) fn of(measured: &Measured) -> Self {
        let threshold = 3.0 * libm::sqrt(measured.variance.as_f64());
        let codes = (0..=u16::MAX).zip(&measured.counts);
        let (kept, rare): (Vec<_>, Vec<_>) = codes.partition(|(_, count)| signed(**count) >= threshold);
        let codes = |places: Vec<(u16, &i64)>| places.into_iter().map(|(code, _)| code).collect();
        Self { kept: codes(kept), rare: codes(rare) }
    }

    /// How many codes there are now.
    pub(crate) fn size(&self) -> usize {
        self.kept.len() + usize::from(!self.rare.is_empty())
    }

    /// What each original code became.
    pub(crate) fn codes(&self) -> Vec<u16> {
        let rare = u16::try_from(self.kept.len()).unwrap_or(u16::MAX);
        let mut codes = vec![rare; self.kept.len() + self.rare.len()];
        for (new, old) in (0..).zip(&self.kept) {
            if let Some(code) = codes.get_mut(usize::from(*old)) {
                *code = new;
            }
        }
        codes
    }

    /// The measurement of the column over the new codes: the rare ones add up, and so do their variances.
    pub(crate) fn target(&self, measured: &Measured) -> Target {
        let mut target =
            Target { set: measured.set, counts: vec![0.0; self.size()], precisions: vec![0.0; self.size()] };
        for (code, count) in self.codes().into_iter().zip(&measured.counts) {
            let place = usize::from(code);
            if let Some((sum, merged)) = target.counts.get_mut(place).zip(target.precisions.get_mut(place)) {
                *sum += signed(*count);
                *merged += 1.0;
            }
        }
        for merged in &mut target.precisions {
            *merged = 1.0 / (measured.variance.as_f64() * merged.max(1.0));
        }
        target
    }
}

impl Measured {
    /// As it is.
    pub(crate) fn target(&self) -> Target {
        let counts: Vec<f64> = self.counts.iter().copied().map(signed).collect();
        let precisions = vec![1.0 / self.variance.as_f64(); counts.len()];
        Target { set: self.set, counts, precisions }
    }
}

/// The number of rows, as all measurements together tell it: each is worth the more, the less noise its sum has.
pub(crate) fn total(measured: &[Measured]) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for measured in measured {
        let weight = 1.0 / (measured.variance.as_f64() * length(measured.counts.len()).max(1.0));
        sum += weight * measured.counts.iter().copied().map(signed).sum::<f64>();
        weights += weight;
    }
    if weights > 0.0 { (sum / weights).max(1.0) } else { 1.0 }
}

/// Single columns, pairs or triples.
pub(crate) fn sets_of(columns: usize, size: u32) -> Vec<Set> {
    let singles: Vec<Set> = (0..columns).map(|column| Set::of(&[column])).collect();
    (1..size).fold(singles.clone(), |sets, _| {
        let larger = |set: &Set| {
            let after = set.columns().last().map_or(0, |last| last + 1);
            let set = *set;
            singles.iter().skip(after).map(move |single| set.with(*single)).collect::<Vec<_>>()
        };
        sets.iter().flat_map(larger).collect()
    })
}
