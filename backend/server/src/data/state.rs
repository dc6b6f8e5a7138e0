//! What the data plane keeps in memory: rate buckets, budgets, leases.

use crate::config::Config;
use crate::data::lease::Leases;

/// Rate limits, budgets and leases.
pub struct DataState {
    /// Read leases that are open.
    pub leases: Leases,
}

impl DataState {
    /// Nothing used, nothing open.
    pub fn new(_config: &Config) -> Self {
        Self { leases: Leases::default() }
    }
}
