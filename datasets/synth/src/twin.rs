//! Twins: synthetic tables that resemble a real one, made under differential privacy.

mod accountant;
mod aim;
#[cfg(test)]
mod audit;
mod curator;
mod domain;
mod model;
mod mst;
mod noise;
mod pgm;
mod policy;
mod real;
mod released;

pub use accountant::{Budget, Rho, cdp_delta, cdp_rho};
pub use domain::{Codes, Domain, Encoder};
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
