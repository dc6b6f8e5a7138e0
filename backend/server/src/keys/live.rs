//! The ring of signing keys as this process knows it, decrypted and parsed. It follows the snapshot.

use super::token_key::TokenKey;
use super::{KeyError, Keys, sealing};
use arc_swap::ArcSwap;
use mudeung_core::clock::{Clock, Entropy, Timestamp};
use mudeung_core::id::KeyId;
use mudeung_core::secret::Secret;
use mudeung_core::signing_key::{KeyRing, KeyState, SigningKey};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The keys that sign and verify access tokens.
pub struct SigningKeys {
    sealing: Secret<[u8; 32]>,
    kept: Duration,
    live: ArcSwap<Live>,
}

#[derive(Default)]
struct Live {
    ring: KeyRing,
    parsed: HashMap<KeyId, Arc<TokenKey>>,
}

impl SigningKeys {
    /// No keys yet. One that has signed is kept so long after its last signature.
    pub fn new(keys: &Keys, kept: Duration) -> Self {
        Self { sealing: keys.sealing().clone(), kept, live: ArcSwap::default() }
    }

    /// Takes a ring over. Keys that cannot be decrypted are left out, and then this is an error: the others serve on.
    pub fn learn(&self, ring: &KeyRing) -> Result<(), KeyError> {
        let known = self.live.load();
        if known.ring == *ring {
            return Ok(());
        }
        let (mut parsed, mut foreign) = (HashMap::new(), false);
        for key in ring.keys.iter().filter(|key| !matches!(key.state, KeyState::Revoked { .. })) {
            let opened = known.parsed.get(&key.id).cloned().or_else(|| open(&self.sealing, key).map(Arc::new));
            match opened {
                Some(opened) => drop(parsed.insert(key.id, opened)),
                None => foreign = true,
            }
        }
        self.live.store(Arc::new(Live { ring: ring.clone(), parsed }));
        if foreign { Err(KeyError::Foreign) } else { Ok(()) }
    }

    /// The key that signs now.
    pub fn signing(&self, now: Timestamp) -> Option<Arc<TokenKey>> {
        let live = self.live.load();
        live.parsed.get(&live.ring.signing(now)?.id).cloned()
    }

    /// The key to verify with what one of that name signed.
    pub fn verifying(&self, id: KeyId, now: Timestamp) -> Option<Arc<TokenKey>> {
        let live = self.live.load();
        live.parsed.get(&live.ring.verifying(id, now, self.kept)?.id).cloned()
    }

    /// The public keys, as a JWK set.
    pub fn key_set(&self, now: Timestamp) -> serde_json::Value {
        let live = self.live.load();
        let published = live.ring.published(now, self.kept).filter_map(|key| live.parsed.get(&key.id));
        serde_json::json!({ "keys": published.map(|key| key.jwk()).collect::<Vec<_>>() })
    }
}

impl Keys {
    /// New keys for a ring, each with its private half encrypted. Whoever puts them in says what they are for.
    pub fn fresh_signing_keys(
        &self,
        count: usize,
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Vec<SigningKey>, KeyError> {
        let one = || {
            let (private, public) = super::token_key::generate(entropy)?;
            let id = KeyId::generate(clock, entropy);
            let sealed = sealing::seal(self.sealing().expose(), &binding(id, &public), private.expose(), entropy)?;
            Some(SigningKey { id, public, sealed, published_at: clock.now(), state: KeyState::Standby })
        };
        (0..count).map(|_| one().ok_or(KeyError::Generation)).collect()
    }

    /// Refuses a ring that was made under another master key.
    pub fn check_ring(&self, ring: &KeyRing) -> Result<(), KeyError> {
        let live = ring.keys.iter().filter(|key| !matches!(key.state, KeyState::Revoked { .. }));
        let foreign = |key: &SigningKey| open(self.sealing(), key).is_none();
        if live.into_iter().any(foreign) { Err(KeyError::Foreign) } else { Ok(()) }
    }
}

fn open(sealing: &Secret<[u8; 32]>, key: &SigningKey) -> Option<TokenKey> {
    let private = sealing::open(sealing.expose(), &binding(key.id, &key.public), &key.sealed)?;
    TokenKey::new(key.id, private.expose(), &key.public)
}

/// A private half is bound to its name and its public half, so that no two rows can be exchanged.
fn binding(id: KeyId, public: &[u8]) -> Vec<u8> {
    [format!("mudeung signing key v1\n{id}\n").as_bytes(), public].concat()
}
