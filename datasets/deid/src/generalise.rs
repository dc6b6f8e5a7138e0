//! The least generalisation that makes a table of persons safe: an exact search over all combinations of levels.
//!
//! A [`Question`] has quasi-identifiers as codes with a [`Hierarchy`] each, a smallest class `k`, models of sensitive
//! columns and a number of persons that may be left out. [`search`] gives the levels with the least loss of all that
//! hold, and says whether that is proved. The loss is that of ARX (`Metric.createLossMetric()`): for each column the
//! share of its values that a released value may stand for, over the persons, a person left out counting as one; the
//! geometric mean over the columns.

mod check;
mod classify;
mod error;
mod group;
mod hierarchy;
mod known;
mod model;
mod node;
mod pool;
mod problem;
mod search;
mod table;

#[cfg(test)]
mod tests;

pub use classify::{Classified, classify};
pub use error::GeneraliseError;
pub use hierarchy::{Hierarchy, LEVELS_MAX};
pub use model::{Distance, Model};
pub use node::COLUMNS_MAX;
pub use problem::{Column, Question, Sensitive};
pub use search::{Effort, Found, Outcome, Proof, search};
