//! How good a synthetic table is, and how much it gives away: measures beside what real data would show.
//!
//! Every measure stands beside a control: distances beside those of resampled real rows, attacks beside the same attack
//! on people who were never in the data. Rows are compared in the bins of a policy, never in bins learned from them;
//! null is a value of its own, and where values are in order it comes after the largest.
//!
//! **What it is not good for.** An attack that fails proves nothing, since another may succeed; the promise is the
//! ε of the twin and not a row of this report. A table may have the right pairs of columns and wrong quadruples. The
//! report is computed from real rows without noise: it is for the hospital, and publishing it tells a little.
//!
//! ```
//! use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
//! use mudeung_synth::quality::{Material, measure};
//! use mudeung_synth::twin::{Domain, TwinPolicy};
//! use std::sync::Arc;
//! let policy = TwinPolicy::parse(r#"
//! mechanism = "mst"
//! epsilon = 1.0
//! delta = 1e-9
//! [columns]
//! smokes = { source = "the questionnaire", domain = { kind = "values", values = [true, false] } }
//! "#)?;
//! let table = |smokes: Vec<bool>| {
//!     RecordBatch::try_from_iter([("smokes", Arc::new(BooleanArray::from(smokes)) as ArrayRef)]).unwrap()
//! };
//! let (real, held_out, synthetic) = (table(vec![true, false]), table(vec![true, false]), table(vec![true, true]));
//! let domain = Domain::bind(&policy, &real.schema())?;
//! let quality = measure(&Material {
//!     domain: &domain, real: &[real], held_out: &[held_out], synthetic: &[synthetic], target: None, seed: 1,
//! })?;
//! assert_eq!(quality.columns[0].distance, 0.5);
//! assert!(quality.to_html().contains("<svg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::twin::{Codes, Domain, TwinError};
use arrow::array::RecordBatch;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

mod attacks;
mod closeness;
mod html;
mod marginals;
mod rate;
mod sample;
mod utility;

#[cfg(test)]
mod tests;

pub use attacks::Attack;
pub use closeness::Closeness;
pub use marginals::{ColumnDistance, Dependence, Distance, distance};
pub use rate::{Rate, Risk};
pub use utility::Utility;

/// What is compared.
#[derive(Debug)]
pub struct Material<'m> {
    /// The values that the table may have.
    pub domain: &'m Domain,
    /// Rows that the synthetic ones were made from.
    pub real: &'m [RecordBatch],
    /// Real rows of other people, that nothing was made from: the control. A tenth to a fifth of all is good.
    pub held_out: &'m [RecordBatch],
    /// The synthetic rows.
    pub synthetic: &'m [RecordBatch],
    /// A column that is predicted from the others: whether it is above its median.
    pub target: Option<&'m str>,
    /// Which rows are looked at where not all can be.
    pub seed: u64,
}

/// The measures of a synthetic table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Rows that the synthetic ones were made from.
    pub real_rows: usize,
    /// Rows of the control.
    pub held_out_rows: usize,
    /// Synthetic rows.
    pub synthetic_rows: usize,
    /// Mean distances over sets of one, two and three columns.
    pub marginals: Vec<Distance>,
    /// The distance of each column alone.
    pub columns: Vec<ColumnDistance>,
    /// How far columns depend on each other.
    pub dependence: Dependence,
    /// How near synthetic rows are to real ones.
    pub closeness: Closeness,
    /// What attackers achieve.
    pub attacks: Vec<Attack>,
    /// What a model learns from synthetic rows.
    pub utility: Option<Utility>,
}

/// Coded tables.
struct Tables<'m> {
    domain: &'m Domain,
    real: Codes,
    held_out: Codes,
    synthetic: Codes,
}

/// Measures a synthetic table.
pub fn measure(material: &Material<'_>) -> Result<Quality, TwinError> {
    let domain = material.domain;
    let tables = Tables {
        domain,
        real: coded(domain, material.real, "real")?,
        held_out: coded(domain, material.held_out, "held out")?,
        synthetic: coded(domain, material.synthetic, "synthetic")?,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(material.seed);
    let target = material.target.map(|name| {
        let reason = || "is not modelled, so it cannot be predicted".to_owned();
        domain.modelled(name).ok_or_else(|| TwinError::Column { column: name.to_owned(), reason: reason() })
    });
    let target = target.transpose()?;
    Ok(Quality {
        real_rows: tables.real.rows(),
        held_out_rows: tables.held_out.rows(),
        synthetic_rows: tables.synthetic.rows(),
        marginals: marginals::marginals(&tables, &mut rng),
        columns: marginals::columns(&tables),
        dependence: marginals::dependence(&tables),
        closeness: closeness::closeness(&tables, &mut rng),
        attacks: attacks::attacks(&tables, &mut rng),
        utility: target.and_then(|target| utility::utility(&tables, target, material.target.unwrap_or_default())),
    })
}

impl Quality {
    /// As JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// As one page that needs nothing else, in Korean and English.
    pub fn to_html(&self) -> String {
        html::page(self)
    }
}

fn coded(domain: &Domain, batches: &[RecordBatch], which: &str) -> Result<Codes, TwinError> {
    let mut encoder = domain.encoder();
    for batch in batches {
        encoder.push(batch)?;
    }
    let codes = encoder.finish();
    if codes.rows() == 0 {
        return Err(TwinError::Rows { reason: format!("there are none that are {which}") });
    }
    Ok(codes)
}
