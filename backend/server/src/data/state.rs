//! What the data plane keeps in memory: rate buckets, budgets, leases.

use crate::config::Config;
use crate::data::budget::Budgets;
use crate::data::jobs::Spool;
use crate::data::lease::Leases;
use crate::data::throttle::Throttle;
use mudeung_core::quota::Amount;

/// Rate limits, budgets and leases.
pub struct DataState {
    /// Read leases that are open.
    pub leases: Leases,
    /// How often apps may ask.
    pub throttle: Throttle,
    /// How much may be read.
    pub budgets: Budgets,
    /// Results of queries that ran without their caller.
    pub spool: Spool,
}

impl DataState {
    /// Nothing used, nothing open.
    pub fn new(config: &Config) -> Self {
        let limits = &config.limits;
        let synthetic = Amount { bytes: limits.synthetic_bytes_per_day, rows: limits.synthetic_rows_per_day };
        Self {
            leases: Leases::default(),
            throttle: Throttle::new(limits.requests_per_minute),
            budgets: Budgets::new(synthetic),
            spool: Spool::new(config.jobs_folder(), config.jobs.result_bytes),
        }
    }
}
