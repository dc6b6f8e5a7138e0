//! What the portal keeps between requests.

use crate::config::Config;

/// Sign-ins and their brakes.
#[derive(Debug)]
pub struct PortalState {}

impl PortalState {
    /// The state of a portal that has just started.
    pub fn new(_config: &Config) -> Self {
        Self {}
    }
}
