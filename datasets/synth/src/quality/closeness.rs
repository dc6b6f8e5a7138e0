//! How near synthetic rows are to real ones, beside how near they are to rows that nothing was made from.

use super::Tables;
use super::rate::Rate;
use super::sample::{quantile, some};
use crate::twin::real::length;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Rows on either side, at most.
const ROWS_MAX: usize = 2_000;

/// Distances to the closest record: means over the columns of the difference in bins (of 1 at most), or of being
/// another value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Closeness {
    /// At 1, 5, 25, 50, 75, 95 and 99 % of the synthetic rows, to the rows they were made from.
    pub to_real: Vec<f64>,
    /// The same to as many rows of the control.
    pub to_held_out: Vec<f64>,
    /// Of the synthetic rows that are nearer to one side: nearer to the rows they were made from. About a half where
    /// nobody is copied.
    pub nearer_to_real: Rate,
    /// Synthetic rows that are in all columns like a row they were made from.
    pub same_as_real: Rate,
    /// The same with rows of the control: coincidence.
    pub same_as_held_out: Rate,
}

pub(super) fn closeness(tables: &Tables<'_>, rng: &mut ChaCha8Rng) -> Closeness {
    let metric = Metric::new(tables);
    let most = ROWS_MAX.min(tables.real.rows()).min(tables.held_out.rows());
    let real = some(&tables.real, most, rng);
    let held_out = some(&tables.held_out, most, rng);
    let synthetic = some(&tables.synthetic, ROWS_MAX, rng);
    let (mut to_real, mut to_held_out) = (metric.nearest(&synthetic, &real), metric.nearest(&synthetic, &held_out));
    let pairs = || to_real.iter().zip(&to_held_out);
    let nearer = pairs().filter(|(real, held_out)| real < held_out).count();
    let farther = pairs().filter(|(real, held_out)| real > held_out).count();
    let same =
        |distances: &[f64]| Rate::of(distances.iter().filter(|distance| **distance == 0.0).count(), distances.len());
    let (same_as_real, same_as_held_out) = (same(&to_real), same(&to_held_out));
    to_real.sort_by(f64::total_cmp);
    to_held_out.sort_by(f64::total_cmp);
    let quantiles =
        |sorted: &[f64]| [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(|share| quantile(sorted, share)).to_vec();
    Closeness {
        to_real: quantiles(&to_real),
        to_held_out: quantiles(&to_held_out),
        nearer_to_real: Rate::of(nearer, nearer + farther),
        same_as_real,
        same_as_held_out,
    }
}

/// How far two rows are from each other.
pub(super) struct Metric {
    /// For each column the difference of codes that counts 1; none where any difference does.
    widths: Vec<Option<f64>>,
}

impl Metric {
    pub(super) fn new(tables: &Tables<'_>) -> Self {
        let sizes = tables.domain.sizes();
        let width = |(size, is_ordered): (&usize, bool)| is_ordered.then(|| length(size.saturating_sub(1)).max(1.0));
        Self { widths: sizes.iter().zip(tables.domain.ordered()).map(width).collect() }
    }

    /// The distance of each row to the nearest of others.
    pub(super) fn nearest(&self, rows: &[Vec<u16>], others: &[Vec<u16>]) -> Vec<f64> {
        let nearest = |row: &Vec<u16>| others.iter().fold(1.0_f64, |least, other| least.min(self.distance(row, other)));
        rows.iter().map(nearest).collect()
    }

    fn distance(&self, one: &[u16], other: &[u16]) -> f64 {
        let column = |((one, other), width): ((&u16, &u16), &Option<f64>)| match width {
            Some(width) => f64::from(one.abs_diff(*other)) / width,
            None => f64::from(u8::from(one != other)),
        };
        one.iter().zip(other).zip(&self.widths).map(column).sum::<f64>() / length(self.widths.len().max(1))
    }
}
