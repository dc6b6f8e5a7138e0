//! What the token endpoint remembers between requests.

use super::brakes::Brakes;
use super::device::brake::DeviceBrakes;
use crate::address::network_of;
use crate::config::Config;
use mudeung_core::clock::Timestamp;
use mudeung_core::id::{AppId, CredentialId};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The most networks that refusals are told apart by between two entries; the rest is counted together.
const NETWORKS_MAX: usize = 64;

/// Why, and from which network where that is known.
pub(super) type Refused = (&'static str, Option<IpAddr>);

/// What the token endpoint remembers between requests. Written to the databases in batches by [`super::books`].
pub struct OAuthState {
    pub(super) brakes: Brakes,
    pub(crate) devices: DeviceBrakes,
    used: Mutex<HashMap<CredentialId, Timestamp>>,
    refused: Mutex<BTreeMap<Refused, u64>>,
    /// How many used assertions of each client are remembered: as counted in the database, and those added since.
    assertions: Mutex<HashMap<AppId, u64>>,
}

impl OAuthState {
    /// Remembers nothing yet.
    pub fn new(config: &Config) -> Self {
        let limits = &config.limits;
        Self {
            brakes: Brakes::new(limits.tokens_per_minute, limits.token_failures_per_minute),
            devices: DeviceBrakes::new(limits.device_codes_per_minute),
            used: Mutex::default(),
            refused: Mutex::default(),
            assertions: Mutex::default(),
        }
    }

    /// Remembers that a token was issued for a credential.
    pub(super) fn credential_used(&self, credential: CredentialId, now: Timestamp) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(credential, now);
    }

    /// Counts a refusal that leaves no entry of its own, because anyone could cause any number of them.
    pub(crate) fn count_refusal(&self, reason: &'static str) {
        self.count((reason, None));
    }

    /// Counts such a refusal under the network it was asked from.
    pub(crate) fn count_refusal_from(&self, reason: &'static str, address: IpAddr) {
        self.count((reason, Some(network_of(address))));
    }

    fn count(&self, refusal: Refused) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let full = refused.len() >= NETWORKS_MAX && !refused.contains_key(&refusal);
        let count = refused.entry(if full { (refusal.0, None) } else { refusal }).or_default();
        *count = count.saturating_add(1);
    }

    /// Looks at, or changes, how many used assertions are remembered.
    pub(super) fn with_assertions<T>(&self, look: impl FnOnce(&mut HashMap<AppId, u64>) -> T) -> T {
        look(&mut self.assertions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes out what was remembered of credentials.
    pub(super) fn take_used(&self) -> HashMap<CredentialId, Timestamp> {
        std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes out what was counted of refusals.
    pub(super) fn take_refused(&self) -> BTreeMap<Refused, u64> {
        std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
