//! What a simple classifier learns from synthetic rows, judged on real ones.

use super::Tables;
use crate::twin::Codes;
use crate::twin::real::length;
use serde::{Deserialize, Serialize};

/// Values of a column that are told apart singly, at most; of more, the first ones.
const VALUES_MAX: usize = 20;
/// Steps of Newton's method.
const STEPS: usize = 12;
/// What keeps weights small.
const RIDGE: f64 = 1.0;
/// Rows that are learned from, at most.
const ROWS_MAX: usize = 20_000;

/// How well a logistic regression predicts real rows that it never saw: the area under the curve, 0.5 for a coin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Utility {
    /// The column: whether it is above its median.
    pub target: String,
    /// Learned from the real rows.
    pub from_real: f64,
    /// Learned from the synthetic rows.
    pub from_synthetic: f64,
}

/// None where the column has one side of its median only.
pub(super) fn utility(tables: &Tables<'_>, target: usize, name: &str) -> Option<Utility> {
    let features = Features::new(tables, target);
    let mut sorted = tables.real.columns.get(target)?.clone();
    sorted.sort_unstable();
    let (first, last) = (sorted.first().copied()?, sorted.last().copied()?);
    let middle = sorted.get(sorted.len() / 2).copied()?;
    // The median is above itself only where nothing else is.
    let above = if middle == last && middle > first { middle - 1 } else { middle };
    let answers = |codes: &Codes| -> Vec<bool> {
        codes.columns.get(target).into_iter().flatten().map(|code| *code > above).collect()
    };
    let judge = |learned_from: &Codes| {
        let weights = fit(&features.rows(learned_from, ROWS_MAX), &answers(learned_from))?;
        let scores: Vec<f64> =
            features.rows(&tables.held_out, usize::MAX).iter().map(|row| dot(&weights, row)).collect();
        area(&scores, &answers(&tables.held_out))
    };
    let (from_real, from_synthetic) = (judge(&tables.real)?, judge(&tables.synthetic)?);
    Some(Utility { target: name.to_owned(), from_real, from_synthetic })
}

/// How rows become numbers.
struct Features {
    /// The column, and how wide it is where it is ordered or how many values it has where it is not.
    columns: Vec<(usize, bool, usize)>,
}

impl Features {
    fn new(tables: &Tables<'_>, target: usize) -> Self {
        let columns = tables.domain.sizes().into_iter().zip(tables.domain.ordered()).enumerate();
        let columns = columns.filter(|(column, _)| *column != target);
        Self { columns: columns.map(|(column, (size, is_ordered))| (column, is_ordered, size)).collect() }
    }

    fn rows(&self, codes: &Codes, most: usize) -> Vec<Vec<f64>> {
        let row = |row: usize| {
            let mut values = vec![1.0];
            for (column, is_ordered, size) in &self.columns {
                let code = codes.columns.get(*column).and_then(|codes| codes.get(row)).copied().unwrap_or(0);
                if *is_ordered {
                    values.push(f64::from(code) / length(*size).max(1.0) - 0.5);
                } else {
                    let is = |value: usize| f64::from(u8::from(usize::from(code) == value));
                    values.extend((0..(*size).min(VALUES_MAX)).map(is));
                }
            }
            values
        };
        (0..codes.rows().min(most)).map(row).collect()
    }
}

/// Weights of a logistic regression, by Newton's method with a ridge. None where there is one answer only.
fn fit(rows: &[Vec<f64>], answers: &[bool]) -> Option<Vec<f64>> {
    let answers = answers.get(..rows.len())?;
    if answers.iter().all(|answer| *answer) || !answers.contains(&true) {
        return None;
    }
    let width = rows.first()?.len();
    let mut weights = vec![0.0; width];
    for _ in 0..STEPS {
        let mut gradient: Vec<f64> = weights.iter().map(|weight| -RIDGE * weight).collect();
        let mut curvature = vec![vec![0.0; width]; width];
        for (row, answer) in rows.iter().zip(answers) {
            let chance = 1.0 / (1.0 + libm::exp(-dot(&weights, row)));
            let error = f64::from(u8::from(*answer)) - chance;
            let spread = chance * (1.0 - chance);
            for ((slope, line), value) in gradient.iter_mut().zip(&mut curvature).zip(row) {
                *slope += error * value;
                if *value != 0.0 {
                    line.iter_mut().zip(row).for_each(|(cell, other)| *cell += spread * value * other);
                }
            }
        }
        for (place, line) in curvature.iter_mut().enumerate() {
            if let Some(cell) = line.get_mut(place) {
                *cell += RIDGE;
            }
        }
        let step = solve(curvature, gradient)?;
        weights.iter_mut().zip(&step).for_each(|(weight, step)| *weight += step.clamp(-5.0, 5.0));
    }
    Some(weights)
}

/// The solution of a system of equations, by elimination with pivots.
pub(super) fn solve(mut left: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for column in 0..size {
        let size_of = |row: &usize| left.get(*row).and_then(|row| row.get(column)).map_or(0.0, |value| value.abs());
        let pivot = (column..size).max_by(|one, other| size_of(one).total_cmp(&size_of(other)))?;
        left.swap(column, pivot);
        right.swap(column, pivot);
        let (head, known) = (left.get(column)?.clone(), right.get(column).copied()?);
        let divisor = head.get(column).copied().filter(|value| value.abs() > 1e-12)?;
        for (row, value) in left.iter_mut().zip(&mut right).skip(column + 1) {
            let factor = row.get(column).copied()? / divisor;
            row.iter_mut().zip(&head).skip(column).for_each(|(cell, above)| *cell -= factor * above);
            *value -= factor * known;
        }
    }
    let mut found = vec![0.0; size];
    for place in (0..size).rev() {
        let row = left.get(place)?;
        let others: f64 = row.iter().zip(&found).skip(place + 1).map(|(cell, value)| cell * value).sum();
        *found.get_mut(place)? = (right.get(place).copied()? - others) / row.get(place).copied()?;
    }
    Some(found)
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The area under the curve: how likely a row with the answer yes has a higher score than one with no.
pub(super) fn area(scores: &[f64], answers: &[bool]) -> Option<f64> {
    let mut ranked: Vec<(f64, bool)> = scores.iter().copied().zip(answers.iter().copied()).collect();
    ranked.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut won, mut lower) = (0.0, 0.0);
    let mut rest = ranked.as_slice();
    while let Some((score, _)) = rest.first() {
        let (equal, higher) = rest.split_at(rest.partition_point(|(other, _)| other.total_cmp(score).is_eq()));
        let yes = length(equal.iter().filter(|(_, answer)| *answer).count());
        let no = length(equal.len()) - yes;
        won += yes * (lower + no / 2.0);
        lower += no;
        rest = higher;
    }
    let yes = length(answers.iter().filter(|answer| **answer).count());
    (yes > 0.0 && lower > 0.0).then(|| won / (yes * lower))
}
