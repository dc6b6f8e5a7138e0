//! How far the columns of two tables are from each other, alone and together.

use super::Tables;
use super::sample::below;
use crate::twin::real::length;
use crate::twin::{Codes, Domain};
use rand::RngCore;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Sets of columns that are compared, at most: of more, some drawn at random.
const SETS_MAX: usize = 1_000;
/// Cells of a pair of which the dependence is computed, at most; a larger one counts as independent.
const CELLS_MAX: usize = 1 << 22;

/// The total variation distance over sets of columns: half of what would have to be moved from cell to cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// Columns in a set.
    pub columns: usize,
    /// Sets that were compared.
    pub sets: usize,
    /// The mean between the real table and the synthetic one.
    pub mean: f64,
    /// The mean between the real table and as many of its rows, drawn with replacement: what chance alone does.
    pub floor: f64,
}

/// The total variation distance of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnDistance {
    /// The column.
    pub column: String,
    /// From 0, the same, to 1, nothing in common.
    pub distance: f64,
}

/// How far columns depend on each other, as Cramér's V of each pair without what chance adds: from 0, not at all, to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// The mean difference between the real and the synthetic table.
    pub mean: f64,
    /// The largest difference.
    pub largest: f64,
    /// The pair that has it.
    pub pair: Vec<String>,
}

/// The mean total variation distance of two tables over sets of so many columns.
pub fn distance(domain: &Domain, one: &Codes, other: &Codes, columns: usize) -> f64 {
    let sizes = domain.sizes();
    let sets = sets(sizes.len(), columns);
    mean(sets.iter().map(|set| between(&sizes, one, other, set)), sets.len())
}

pub(super) fn marginals(tables: &Tables<'_>, rng: &mut ChaCha8Rng) -> Vec<Distance> {
    let sizes = tables.domain.sizes();
    let again = resampled(&tables.real, tables.synthetic.rows(), rng);
    let of = |columns: usize| {
        let mut sets = sets(sizes.len(), columns);
        for place in 0..SETS_MAX.min(sets.len()) {
            let other = place + below(sets.len() - place, rng);
            sets.swap(place, other);
        }
        sets.truncate(SETS_MAX);
        let mean_to =
            |other: &Codes| mean(sets.iter().map(|set| between(&sizes, &tables.real, other, set)), sets.len());
        Distance { columns, sets: sets.len(), mean: mean_to(&tables.synthetic), floor: mean_to(&again) }
    };
    (1..=sizes.len().min(3)).map(of).collect()
}

pub(super) fn columns(tables: &Tables<'_>) -> Vec<ColumnDistance> {
    let sizes = tables.domain.sizes();
    let names = tables.domain.names();
    let distance = |(place, column): (usize, &str)| ColumnDistance {
        column: column.to_owned(),
        distance: between(&sizes, &tables.real, &tables.synthetic, &[place]),
    };
    names.into_iter().enumerate().map(distance).collect()
}

pub(super) fn dependence(tables: &Tables<'_>) -> Dependence {
    let sizes = tables.domain.sizes();
    let names = tables.domain.names();
    let mut worst = Dependence { mean: 0.0, largest: 0.0, pair: Vec::new() };
    let pairs = sets(sizes.len(), 2);
    for pair in &pairs {
        let difference = (association(&sizes, &tables.real, pair) - association(&sizes, &tables.synthetic, pair)).abs();
        worst.mean += difference / length(pairs.len());
        if difference >= worst.largest {
            worst.largest = difference;
            worst.pair = pair.iter().filter_map(|column| names.get(*column)).map(|name| (*name).to_owned()).collect();
        }
    }
    worst
}

/// The total variation distance of some columns.
fn between(sizes: &[usize], one: &Codes, other: &Codes, set: &[usize]) -> f64 {
    let (mut one, mut other) = (cells(sizes, one, set), cells(sizes, other, set));
    let weights = (1.0 / length(one.len()).max(1.0), 1.0 / length(other.len()).max(1.0));
    one.sort_unstable();
    other.sort_unstable();
    let (mut one, mut other) = (one.as_slice(), other.as_slice());
    let mut sum = 0.0;
    // The smallest cell that is left in either, again and again.
    while let Some(cell) = one.first().into_iter().chain(other.first()).min().copied() {
        let (left, right) = (one.partition_point(|at| *at == cell), other.partition_point(|at| *at == cell));
        sum += (length(left) * weights.0 - length(right) * weights.1).abs();
        one = one.get(left..).unwrap_or(&[]);
        other = other.get(right..).unwrap_or(&[]);
    }
    sum / 2.0
}

/// The cell of each row.
fn cells(sizes: &[usize], codes: &Codes, set: &[usize]) -> Vec<u64> {
    let mut cells = vec![0_u64; codes.rows()];
    for column in set {
        let size = sizes.get(*column).and_then(|size| u64::try_from(*size).ok()).unwrap_or(1);
        for (cell, code) in cells.iter_mut().zip(codes.columns.get(*column).into_iter().flatten()) {
            *cell = *cell * size + u64::from(*code);
        }
    }
    cells
}

/// Cramér's V of two columns, without what chance adds.
fn association(sizes: &[usize], codes: &Codes, pair: &[usize]) -> f64 {
    let [one, other] = pair else { return 0.0 };
    let size = |column: &usize| sizes.get(*column).copied().unwrap_or(1);
    if size(one).saturating_mul(size(other)) > CELLS_MAX {
        return 0.0;
    }
    let count = |set: &[usize]| {
        let cells = set.iter().map(size).product();
        let mut counts = vec![0.0_f64; cells];
        for cell in self::cells(sizes, codes, set) {
            if let Some(count) = usize::try_from(cell).ok().and_then(|cell| counts.get_mut(cell)) {
                *count += 1.0;
            }
        }
        counts
    };
    let (rows, columns, both) = (count(&[*one]), count(&[*other]), count(pair));
    let all = length(codes.rows()).max(1.0);
    let expected = rows.iter().flat_map(|row| columns.iter().map(move |column| row * column / all));
    let statistic: f64 =
        both.iter().zip(expected).filter(|(_, expected)| *expected > 0.0).map(|(a, b)| (a - b) * (a - b) / b).sum();
    // What chance alone makes of so many cells is taken away, as Bergsma does (Journal of the Korean Statistical
    // Society 2013).
    let seen = |counts: &[f64]| length(counts.iter().filter(|count| **count > 0.0).count());
    let (rows, columns, rest) = (seen(&rows), seen(&columns), (all - 1.0).max(1.0));
    let beyond = (statistic / all - (rows - 1.0) * (columns - 1.0) / rest).max(0.0);
    let room = |size: f64| size - (size - 1.0) * (size - 1.0) / rest - 1.0;
    let room = room(rows).min(room(columns));
    if room > 0.0 { libm::sqrt(beyond / room).min(1.0) } else { 0.0 }
}

/// All sets of so many columns.
fn sets(columns: usize, size: usize) -> Vec<Vec<usize>> {
    let longer = |sets: Vec<Vec<usize>>, _| {
        let longer = |set: Vec<usize>| {
            let first = set.last().map_or(0, |last| last + 1);
            (first..columns).map(move |column| set.iter().copied().chain([column]).collect())
        };
        sets.into_iter().flat_map(longer).collect()
    };
    (0..size).fold(vec![Vec::new()], longer)
}

/// So many rows, drawn with replacement.
fn resampled(codes: &Codes, rows: usize, rng: &mut impl RngCore) -> Codes {
    let places: Vec<usize> = (0..rows).map(|_| below(codes.rows(), rng)).collect();
    let again = |column: &Vec<u16>| places.iter().filter_map(|place| column.get(*place).copied()).collect();
    Codes { columns: codes.columns.iter().map(again).collect() }
}

fn mean(values: impl Iterator<Item = f64>, count: usize) -> f64 {
    values.sum::<f64>() / length(count.max(1))
}
