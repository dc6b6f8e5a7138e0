//! Private-PGM: the distribution over all columns that fits some noisy counts best, and rows drawn from it.
//!
//! McKenna, Sheldon and Miklau, "Graphical-model based estimation and inference for differential privacy" (ICML 2019).
//! Nothing here sees a row: it works on what was measured already.

mod belief;
mod descent;
mod sample;
mod set;
mod tree;

#[cfg(test)]
mod tests;

pub(crate) use descent::{Fit, Target};
pub(crate) use sample::Sampler;
pub(crate) use set::Set;
pub(crate) use tree::model_cells;
