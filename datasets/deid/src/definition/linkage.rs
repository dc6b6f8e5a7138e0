//! `[linkage]` of a recipe: which other releases there are of the same persons, and how many of them may be found again.

use serde::Deserialize;

/// Which other releases there are of the same persons.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkageRule {
    /// The recipes that they are made with: files beside this one.
    pub recipes: Vec<String>,
    /// Largest share of persons whom an adversary who holds both releases may find again.
    pub max_share: f64,
}
