//! Some rows of a table, as rows.

use crate::twin::Codes;
use rand::RngCore;

/// Some rows, at most so many, without any twice.
pub(super) fn some(codes: &Codes, most: usize, rng: &mut impl RngCore) -> Vec<Vec<u16>> {
    let mut places: Vec<usize> = (0..codes.rows()).collect();
    let count = most.min(places.len());
    for place in 0..count {
        let other = place + below(places.len() - place, rng);
        places.swap(place, other);
    }
    places.truncate(count);
    let row = |place: &usize| codes.columns.iter().filter_map(|column| column.get(*place).copied()).collect();
    places.iter().map(row).collect()
}

/// A whole number below a bound of at most 2^32.
pub(super) fn below(bound: usize, rng: &mut impl RngCore) -> usize {
    let bound = u64::try_from(bound).unwrap_or(1);
    usize::try_from((u64::from(rng.next_u32()) * bound) >> 32).unwrap_or(0)
}

/// Each value's rank by size: the middle one, and others by their share.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = crate::twin::real::length(sorted.len().saturating_sub(1));
    sorted.get(crate::twin::real::index(last * share + 0.5)).copied().unwrap_or(0.0)
}
