//! Rows of a twin in batches.

use super::Model;
use crate::twin::TwinError;
use crate::twin::curator::Measured;
use crate::twin::real::signed;
use crate::twin::released::Merged;
use arrow::array::RecordBatch;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows of a batch. Each has the counts of the model in itself, and a generator of its own.
const BATCH_ROWS: u64 = 65_536;

/// Rows of a twin; an iterator of batches.
#[derive(Debug)]
pub struct TwinRows<'m> {
    model: &'m Model,
    left: u64,
    seed: u64,
    batch: u64,
}

impl<'m> TwinRows<'m> {
    pub(super) fn new(model: &'m Model, rows: u64, seed: u64) -> Self {
        Self { model, left: rows, seed, batch: 0 }
    }

    fn draw(&self, rows: usize) -> Result<RecordBatch, TwinError> {
        let mut key = [0_u8; 32];
        let parts = [self.seed, self.batch, u64::from_le_bytes(*b"the twin")].into_iter().flat_map(u64::to_le_bytes);
        for (to, from) in key.iter_mut().zip(parts) {
            *to = from;
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        let codes = self.model.codes(rows, &mut rng);
        self.model.domain.decode(&codes, rows, &mut rng)
    }
}

impl Iterator for TwinRows<'_> {
    type Item = Result<RecordBatch, TwinError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.left.min(BATCH_ROWS);
        let drawn = (rows > 0).then(|| self.draw(usize::try_from(rows).unwrap_or(0)))?;
        self.left -= rows;
        self.batch += 1;
        Some(drawn)
    }
}

/// How codes that were merged become different again.
#[derive(Debug)]
pub(super) struct Undo {
    kept: Vec<u16>,
    /// The rare codes, each with the weights of all up to it.
    rare: Vec<(u16, f64)>,
}

impl Undo {
    /// Of the rare codes each is as likely as was measured, noise and all; what was measured below one row counts as
    /// one.
    pub(super) fn new(merged: &Merged, measured: Option<&Measured>) -> Self {
        let mut sum = 0.0;
        let rare = merged.rare.iter().map(|code| {
            let count = measured.and_then(|measured| measured.counts.get(usize::from(*code)));
            sum += count.map_or(1.0, |count| signed(*count).max(1.0));
            (*code, sum)
        });
        Self { rare: rare.collect(), kept: merged.kept.clone() }
    }

    /// The code before codes were merged.
    pub(super) fn original(&self, code: u16, rng: &mut impl RngCore) -> u16 {
        self.kept.get(usize::from(code)).copied().unwrap_or_else(|| {
            let sum = self.rare.last().map_or(0.0, |(_, sum)| *sum);
            let drawn = f64::from(rng.next_u32()) / 4_294_967_296.0 * sum;
            let place = self.rare.partition_point(|(_, sum)| *sum <= drawn);
            self.rare.get(place).map_or(0, |(code, _)| *code)
        })
    }
}
