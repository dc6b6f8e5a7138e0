//! What noisy counts say of the course of a history: which code follows, after how long, with which value.

use super::curator::{Answer, UNIT};
use super::layout::{Layout, Question};
use crate::twin::real::{length, real, signed};

/// Probabilities, row by row.
#[derive(Debug)]
pub(super) struct Chain {
    /// For each class and code before, none after the last: the next code.
    pub(super) next: Vec<Vec<f64>>,
    /// For each density, code and the next one: the class of time between.
    pub(super) gaps: Vec<Vec<f64>>,
    /// For each class and code: its first value.
    pub(super) values: Vec<Vec<f64>>,
    /// For each code and value: its next value.
    pub(super) changes: Vec<Vec<f64>>,
}

impl Chain {
    pub(super) fn new(layout: &Layout, answers: &[Answer]) -> Self {
        let counted = |question| answers.iter().find(|answer| answer.question == question).map(Counted::of);
        let codes = layout.codes.len();
        let next = counted(Question::Transitions).map(|counted| {
            let rows = counted.rows(codes);
            let by_code = summed(&rows, codes + 1, |row| row % (codes + 1));
            let parents = counted.refined(&by_code, &summed(&rows, 1, |_| 0), |_| 0);
            counted.refined(&rows, &parents, |row| row % (codes + 1))
        });
        let gaps = counted(Question::Gaps).map(|counted| {
            let rows = counted.rows(layout.gaps.count());
            let by_next = summed(&rows, codes, |row| row % codes);
            let by_next = counted.refined(&by_next, &summed(&rows, 1, |_| 0), |_| 0);
            let by_pair = summed(&rows, codes * codes, |row| row % (codes * codes));
            let by_pair = counted.refined(&by_pair, &by_next, |row| row % codes);
            counted.refined(&rows, &by_pair, |row| row % (codes * codes))
        });
        let sizes: Vec<usize> = (0..codes).map(|code| layout.value_count(code)).collect();
        let all = summed_values(counted(Question::Values).as_ref(), layout, &sizes);
        let values = counted(Question::Values).map(|counted| {
            let rows = counted.rows_of(&sizes.repeat(layout.classes));
            counted.refined(&rows, &all, |row| row % codes)
        });
        let changes = counted(Question::Changes).map(|counted| {
            let owners: Vec<usize> = sizes.iter().enumerate().flat_map(|(code, size)| vec![code; *size]).collect();
            let lengths: Vec<usize> = owners.iter().filter_map(|code| sizes.get(*code).copied()).collect();
            counted.refined(&counted.rows_of(&lengths), &all, |row| owners.get(row).copied().unwrap_or(0))
        });
        Self {
            next: next.unwrap_or_default(),
            gaps: gaps.unwrap_or_default(),
            values: values.unwrap_or_default(),
            changes: changes.unwrap_or_default(),
        }
    }
}

/// The values of each code over all classes.
fn summed_values(counted: Option<&Counted>, layout: &Layout, sizes: &[usize]) -> Vec<Vec<f64>> {
    let rows = counted.map_or_else(Vec::new, |counted| counted.rows_of(&sizes.repeat(layout.classes)));
    summed(&rows, sizes.len().max(1), |row| row % sizes.len().max(1))
}

/// Counts of events that are none below zero.
struct Counted {
    counts: Vec<f64>,
    deviation: f64,
}

impl Counted {
    fn of(answer: &Answer) -> Self {
        let counts = answer.counts.iter().map(|count| signed(*count) / real(UNIT)).collect();
        Self { counts: projected(counts), deviation: libm::sqrt(answer.variance.as_f64()) / real(UNIT) }
    }

    fn rows(&self, size: usize) -> Vec<Vec<f64>> {
        self.counts.chunks(size.max(1)).map(<[f64]>::to_vec).collect()
    }

    fn rows_of(&self, sizes: &[usize]) -> Vec<Vec<f64>> {
        let mut counts = self.counts.iter().copied();
        sizes.iter().map(|size| counts.by_ref().take(*size).collect()).collect()
    }

    /// Each row as probabilities, drawn towards those of its parent the more, the less there is beyond noise.
    fn refined(&self, rows: &[Vec<f64>], parents: &[Vec<f64>], parent: impl Fn(usize) -> usize) -> Vec<Vec<f64>> {
        let row = |(place, row): (usize, &Vec<f64>)| {
            let even = 1.0 / length(row.len()).max(1.0);
            let above = parents.get(parent(place));
            let weight: f64 = above.map_or(0.0, |above| above.iter().sum());
            let expected = |cell: usize| match above.and_then(|above| above.get(cell)) {
                Some(count) if weight > 0.0 => count / weight,
                _ => even,
            };
            let strength = self.deviation * libm::sqrt(length(row.len()));
            let sum = row.iter().sum::<f64>() + strength;
            row.iter().enumerate().map(|(cell, count)| (count + strength * expected(cell)) / sum).collect()
        };
        rows.iter().enumerate().map(row).collect()
    }
}

/// Rows added up by groups.
fn summed(rows: &[Vec<f64>], groups: usize, group: impl Fn(usize) -> usize) -> Vec<Vec<f64>> {
    let mut sums: Vec<Vec<f64>> = vec![Vec::new(); groups];
    for (place, row) in rows.iter().enumerate() {
        let Some(sum) = sums.get_mut(group(place)) else { continue };
        sum.resize(sum.len().max(row.len()), 0.0);
        sum.iter_mut().zip(row).for_each(|(sum, count)| *sum += count);
    }
    sums
}

/// The counts nearest to these of which none is below zero and the sum is the same: what noise put into empty cells is
/// taken back from all of them.
fn projected(counts: Vec<f64>) -> Vec<f64> {
    let total = counts.iter().sum::<f64>().max(1.0);
    let mut sorted = counts.clone();
    sorted.sort_by(|one, other| other.total_cmp(one));
    let (mut sum, mut level) = (0.0, 0.0);
    for (place, count) in sorted.iter().enumerate() {
        sum += count;
        let candidate = (sum - total) / length(place + 1);
        if *count > candidate {
            level = candidate;
        }
    }
    counts.into_iter().map(|count| (count - level).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::projected;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counts_become_the_nearest_ones_that_are_none_below_zero_with_the_same_sum(
            counts in prop::collection::vec(-50.0..50.0_f64, 1..30),
        ) {
            let total = counts.iter().sum::<f64>().max(1.0);
            let found = projected(counts.clone());
            prop_assert!(found.iter().all(|count| *count >= 0.0));
            prop_assert!((found.iter().sum::<f64>() - total).abs() < 1e-6);
            // The nearest point: what was moved is the same in every cell that is left, and not more in the others.
            let moved = || counts.iter().zip(&found).map(|(count, found)| (count - found, *found > 0.0));
            let most = moved().filter(|(_, is_left)| *is_left).map(|(moved, _)| moved).fold(f64::MIN, f64::max);
            for (moved, is_left) in moved() {
                prop_assert!(moved <= most + 1e-9 && (!is_left || (moved - most).abs() < 1e-9));
            }
        }
    }
}
