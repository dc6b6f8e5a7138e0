//! A fitted twin: what was released about a table, and rows drawn from that.

use super::TwinError;
use super::accountant::{Budget, Rho};
use super::aim::aim;
use super::curator::{Curator, Fault, Measured};
use super::domain::{Codes, Domain};
use super::mst::mst;
use super::pgm::{Fit, Sampler, Set};
use super::policy::{Mechanism, TwinPolicy};
use super::real::natural;
use super::released::{Merged, Released};
use rand::{CryptoRng, RngCore};
use rows::{TwinRows, Undo};

pub(crate) mod file;
pub(crate) mod rows;

#[cfg(test)]
mod tests;

/// A fitted twin. It holds noisy counts and what follows from them, and no row; it may be published.
#[derive(Debug)]
pub struct Model {
    policy: TwinPolicy,
    domain: Domain,
    spent: Rho,
    pub(super) merged: Vec<Merged>,
    pub(super) measured: Vec<Measured>,
    fit: Fit,
    sampler: Sampler,
    undo: Vec<Undo>,
}

impl Model {
    /// Fits a twin to coded rows. The generator must be seeded by the operating system, once for each fit: who knows
    /// the noise knows the counts.
    pub fn fit<R: CryptoRng>(
        policy: &TwinPolicy,
        domain: &Domain,
        rows: Codes,
        rng: &mut R,
    ) -> Result<Self, TwinError> {
        Self::fit_with(policy, domain, rows, rng, Fault::None)
    }

    pub(crate) fn fit_with<R: CryptoRng>(
        policy: &TwinPolicy,
        domain: &Domain,
        rows: Codes,
        rng: &mut R,
        fault: Fault,
    ) -> Result<Self, TwinError> {
        Self::fit_within(policy, domain, rows, Budget::of(policy.epsilon, policy.delta)?, rng, fault)
    }

    /// Fits a twin within a budget that may be a part of what the policy says.
    pub(crate) fn fit_within<R: CryptoRng>(
        policy: &TwinPolicy,
        domain: &Domain,
        rows: Codes,
        budget: Budget,
        rng: &mut R,
        fault: Fault,
    ) -> Result<Self, TwinError> {
        let sizes = domain.sizes();
        let fits = |(codes, size): (&Vec<u16>, &usize)| codes.iter().all(|code| usize::from(*code) < *size);
        if rows.columns.len() != sizes.len() || !rows.columns.iter().zip(&sizes).all(fits) {
            return Err(TwinError::Rows { reason: "were not coded with this domain".to_owned() });
        }
        let mut curator = Curator::new(rows, sizes, budget, rng, fault);
        let released = match policy.mechanism {
            Mechanism::Mst => mst(&mut curator)?,
            Mechanism::Aim => aim(&mut curator)?,
        };
        let spent = curator.budget().spent();
        Ok(Self::new(policy.clone(), domain.clone(), spent, released))
    }

    fn new(policy: TwinPolicy, domain: Domain, spent: Rho, released: Released) -> Self {
        let Released { merged, measured, fit } = released;
        // As precise as the file, so that a model that was read draws the rows of the one that was written.
        let potentials =
            fit.potentials.into_iter().map(|(set, values)| (set, values.into_iter().map(shortened).collect()));
        let fit = Fit::new(&fit.sizes, potentials.collect(), fit.total);
        let sampler = Sampler::new(&fit);
        let single = |column| measured.iter().find(|measured| measured.set == Set::of(&[column]));
        let undo = merged.iter().enumerate().map(|(column, merged)| Undo::new(merged, single(column))).collect();
        Self { policy, domain, spent, merged, measured, fit, sampler, undo }
    }

    /// So many rows in batches; the same seed gives the same rows on every machine. Who draws any number of rows learns
    /// no more about anybody than the model tells.
    pub fn rows(&self, rows: u64, seed: u64) -> TwinRows<'_> {
        TwinRows::new(self, rows, seed)
    }

    /// So many rows in the codes of the domain, column by column.
    pub(crate) fn codes(&self, rows: usize, rng: &mut impl RngCore) -> Vec<Vec<u16>> {
        let mut codes = self.sampler.rows(rows, rng);
        for (codes, undo) in codes.iter_mut().zip(&self.undo) {
            for code in codes {
                *code = undo.original(*code, rng);
            }
        }
        codes
    }

    /// The noisy counts of a column alone.
    pub(crate) fn single(&self, column: usize) -> Option<&Measured> {
        self.measured.iter().find(|measured| measured.set == Set::of(&[column]))
    }

    /// The number of rows of the table, with noise.
    pub fn estimated_rows(&self) -> u64 {
        natural(self.fit.total + 0.5)
    }

    /// What was agreed.
    pub fn policy(&self) -> &TwinPolicy {
        &self.policy
    }

    /// The values that rows may have.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The privacy loss that was spent.
    pub fn spent(&self) -> Rho {
        self.spent
    }

    /// How many counts were measured.
    pub fn measurements(&self) -> usize {
        self.measured.len()
    }

    /// How many cells the cliques of the model have together.
    pub fn cells(&self) -> usize {
        self.fit.counts.iter().map(Vec::len).sum()
    }
}

/// To six decimals.
fn shortened(value: f64) -> f64 {
    libm::round(value * 1e6) / 1e6 + 0.0
}
