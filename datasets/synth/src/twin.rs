//! Twins: synthetic tables that resemble a real one, made under differential privacy.
//!
//! The policy says which values each column may have and how much privacy may be lost. Rows become codes, a mechanism
//! pays for noisy counts of them, and a distribution over all columns is fitted to those. The [`Model`] holds the
//! counts and the distribution, and no row: it may be published, and any number of rows be drawn from it.
//!
//! ```
//! use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch};
//! use mudeung_synth::twin::{Domain, Model, TwinPolicy};
//! use rand::SeedableRng;
//! use std::sync::Arc;
//! let policy = TwinPolicy::parse(r#"
//! mechanism = "mst"
//! epsilon = 1.0
//! delta = 1e-9
//! [columns]
//! smokes = { source = "the questionnaire", domain = { kind = "values", values = [true, false] } }
//! age = { source = "the protocol: adults", domain = { kind = "range", low = 18, high = 100, bins = 10 } }
//! "#)?;
//! let smokes: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, false]));
//! let ages: ArrayRef = Arc::new(Int32Array::from(vec![71, 34, 45]));
//! let rows = RecordBatch::try_from_iter([("smokes", smokes), ("age", ages)])?;
//!
//! let domain = Domain::bind(&policy, &rows.schema())?;
//! let mut encoder = domain.encoder();
//! encoder.push(&rows)?;
//! // Seeded for the example; by the operating system when it counts.
//! let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//! let model = Model::fit(&policy, &domain, encoder.finish(), &mut rng)?;
//!
//! let read = Model::parse(&model.to_text()?)?;
//! let twin = read.rows(1_000, 7).next().unwrap()?;
//! assert_eq!((twin.schema(), twin.num_rows()), (rows.schema(), 1_000));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod accountant;
mod aim;
#[cfg(test)]
mod audit;
mod cohort;
mod curator;
mod domain;
mod events;
mod model;
mod mst;
mod noise;
mod pgm;
mod policy;
pub(crate) mod real;
mod released;

pub use accountant::{Budget, Rho, cdp_delta, cdp_rho};
pub use cohort::{CohortDomain, CohortEncoder, CohortModel, CohortPolicy, CohortRows, EventTable, HistoryPolicy};
pub use domain::{Codes, Domain, Encoder};
pub use events::{
    CodePolicy, DrawnEvents, EventPolicy, EventsDomain, EventsModel, EventsPolicy, EventsRows, Histories,
    HistoryEncoder, LeftOut, PersonPolicy, TimePolicy, ValuePolicy,
};
pub use model::file::{PROGRAM, Twins};
pub use model::{Model, rows::TwinRows};
pub use noise::{Noise, Rate, Variance};
pub use policy::{ColumnPolicy, DomainPolicy, Mechanism, TwinPolicy};

/// A twin that cannot be made or read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TwinError {
    /// More privacy would be lost than was agreed.
    #[error("this costs rho = {asked} and {left} is left")]
    Overspent {
        /// The cost.
        asked: Rho,
        /// What may still be spent.
        left: Rho,
    },
    /// The text is not what a policy or a model should be.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A column that cannot be modelled as the policy says.
    #[error("column {column}: {reason}")]
    Column {
        /// The column.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is no model.
    #[error("the model {reason}")]
    Model {
        /// Why.
        reason: String,
    },
    /// Rows that cannot be modelled or made.
    #[error("rows: {reason}")]
    Rows {
        /// Why.
        reason: String,
    },
    /// A number of the policy that cannot be used.
    #[error("{name}: {reason}")]
    Parameter {
        /// The number.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
