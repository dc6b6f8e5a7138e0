//! The server's own keys: where they lie, who may read them, and what is derived from them.

use mudeung_core::clock::Entropy;
use mudeung_core::secret::Secret;
use std::path::Path;

/// The server's own keys.
pub struct Keys {
    pepper: Secret<[u8; 32]>,
    url: Secret<[u8; 32]>,
    cursor: Secret<[u8; 32]>,
    session: Secret<[u8; 32]>,
    ledger: ed25519_dalek::SigningKey,
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

impl Keys {
    /// Reads the keys of a folder; makes those that are not there yet.
    pub fn load_or_create(_dir: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let mut seed = [0_u8; 32];
        entropy.fill(&mut seed);
        Ok(Self {
            pepper: Secret::new(seed),
            url: Secret::new(seed),
            cursor: Secret::new(seed),
            session: Secret::new(seed),
            ledger: ed25519_dalek::SigningKey::from_bytes(&seed),
        })
    }

    /// The key under which the secrets of apps are hashed.
    pub const fn pepper(&self) -> &Secret<[u8; 32]> {
        &self.pepper
    }

    /// The key that signs file addresses.
    pub const fn url(&self) -> &Secret<[u8; 32]> {
        &self.url
    }

    /// The key that authenticates cursors.
    pub const fn cursor(&self) -> &Secret<[u8; 32]> {
        &self.cursor
    }

    /// The key of portal sessions.
    pub const fn session(&self) -> &Secret<[u8; 32]> {
        &self.session
    }

    /// The key that signs checkpoints.
    pub const fn ledger(&self) -> &ed25519_dalek::SigningKey {
        &self.ledger
    }
}
