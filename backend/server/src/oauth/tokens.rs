//! Access tokens: issued, verified once, then remembered.

use crate::config::Config;
use crate::keys::Keys;
use mudeung_core::clock::Timestamp;
use mudeung_core::policy::Principal;

/// Issues and verifies access tokens.
pub struct Tokens {}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
#[error("the access token is not valid")]
pub struct InvalidToken;

impl Tokens {
    /// Tokens of a server.
    pub fn new(_config: &Config, _keys: &Keys) -> Self {
        Self {}
    }

    /// Who a token speaks for.
    pub fn verify(&self, _token: &str, _now: Timestamp) -> Result<Principal, InvalidToken> {
        Err(InvalidToken)
    }
}
