//! Verified tokens, remembered by the SHA-256 of their text: bounded, and spread over locks so that readers seldom meet.

use super::Inspected;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SHARDS: usize = 16;

/// Two generations in each shard: when the young one is full it becomes the old one, and what was old is forgotten. A
/// token that is used moves to the young one, so that what is forgotten was not used for a while.
#[derive(Default)]
struct Shard {
    young: HashMap<[u8; 32], Inspected>,
    old: HashMap<[u8; 32], Inspected>,
}

/// The memory.
pub(super) struct Known {
    shards: [Mutex<Shard>; SHARDS],
    generation_max: usize,
}

impl Known {
    /// Remembers at most so many, rounded up to a few for each shard.
    pub(super) fn new(entries_max: usize) -> Self {
        Self { shards: Default::default(), generation_max: entries_max.div_ceil(SHARDS * 2).max(1) }
    }

    /// What was verified.
    pub(super) fn get(&self, digest: &[u8; 32]) -> Option<Inspected> {
        let mut shard = self.shard(digest)?;
        if let Some(found) = shard.young.get(digest) {
            return Some(found.clone());
        }
        let found = shard.old.remove(digest)?;
        self.put(&mut shard, *digest, found.clone());
        Some(found)
    }

    /// Remembers.
    pub(super) fn insert(&self, digest: [u8; 32], verified: Inspected) {
        if let Some(mut shard) = self.shard(&digest) {
            self.put(&mut shard, digest, verified);
        }
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }

    fn shard(&self, digest: &[u8; 32]) -> Option<MutexGuard<'_, Shard>> {
        let [first, ..] = digest;
        let shard = self.shards.get(usize::from(*first) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, shard: &mut Shard, digest: [u8; 32], verified: Inspected) {
        if shard.young.len() >= self.generation_max {
            shard.old = std::mem::take(&mut shard.young);
        }
        shard.young.insert(digest, verified);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::tokens::audience::Audience;
    use mudeung_core::clock::Timestamp;
    use mudeung_core::id::{AppId, CredentialId, KeyId, TokenId};
    use mudeung_core::policy::Principal;
    use mudeung_core::scope::ScopeSet;

    fn verified(seed: u8) -> Inspected {
        let principal = Principal {
            app: AppId::from_bytes([seed; 16]),
            credential: CredentialId::from_bytes([seed; 16]),
            token: TokenId::from_bytes([seed; 16]),
            signed_by: KeyId::from_bytes([seed; 16]),
            scopes: ScopeSet::default(),
        };
        let at = Timestamp::from_seconds(i64::from(seed));
        Inspected { principal, audience: Audience::Server, confirmation: None, issued_at: at, expires_at: at }
    }

    fn digest(number: u32) -> [u8; 32] {
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        digest
    }

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten() {
        let known = Known::new(320);
        known.insert(digest(0), verified(1));
        for number in 1..100_000 {
            known.insert(digest(number), verified(2));
            assert_eq!(known.get(&digest(0)), Some(verified(1)), "used all the time, at {number}");
        }
        assert!(known.len() <= 320, "{}", known.len());
        assert_eq!(known.get(&digest(50_000)), None);
    }
}
