//! The proofs that were seen, for as long as their nonce is good; bounded.

use std::collections::HashSet;

/// So many proofs are remembered in one window. When there are more, all nonces are called back at once: whoever comes
/// next is told a new one, and nothing is forgotten that could come twice.
const SEEN_MAX: usize = 100_000;

/// Proofs of the present window and the one before.
#[derive(Debug, Default)]
pub(super) struct Seen {
    epoch: u32,
    window: u64,
    present: HashSet<[u8; 32]>,
    before: HashSet<[u8; 32]>,
}

impl Seen {
    /// Goes to a window, and answers which one it is now. It never goes back: when the clock does, the window stays, so
    /// that no proof is taken anew.
    pub(super) fn advance(&mut self, window: u64) -> u64 {
        if window > self.window {
            let present = std::mem::take(&mut self.present);
            self.before = if window == self.window.saturating_add(1) { present } else { HashSet::new() };
            self.window = window;
        }
        self.window
    }

    /// Which generation of nonces is good.
    pub(super) const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Remembers a proof of a window; answers whether it was not seen before.
    pub(super) fn insert(&mut self, window: u64, proof: [u8; 32]) -> bool {
        let set = if window == self.window { &mut self.present } else { &mut self.before };
        let new = set.insert(proof);
        if set.len() >= SEEN_MAX {
            self.epoch = self.epoch.wrapping_add(1);
            self.present = HashSet::new();
            self.before = HashSet::new();
        }
        new
    }

    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.present.len() + self.before.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(number: usize) -> [u8; 32] {
        let mut proof = [0; 32];
        proof[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        proof
    }

    #[test]
    fn a_proof_is_new_once_in_its_window_and_the_next() {
        let mut seen = Seen::default();
        seen.advance(10);
        assert!(seen.insert(10, proof(1)));
        assert!(!seen.insert(10, proof(1)));
        seen.advance(11);
        assert!(!seen.insert(10, proof(1)), "its nonce is good still");
        seen.advance(12);
        assert_eq!(seen.len(), 0, "its nonce is over");
    }

    #[test]
    fn oauth_81_a_clock_set_back_makes_no_proof_new() {
        let mut seen = Seen::default();
        seen.advance(100);
        assert!(seen.insert(100, proof(1)));
        assert_eq!(seen.advance(70), 100);
        assert!(!seen.insert(100, proof(1)));
    }

    #[test]
    fn when_there_are_too_many_the_nonces_are_called_back() {
        let mut seen = Seen::default();
        seen.advance(1);
        let epoch = seen.epoch();
        for number in 0..SEEN_MAX {
            assert!(seen.insert(1, proof(number)));
            assert!(seen.len() < SEEN_MAX);
        }
        assert_ne!(seen.epoch(), epoch);
        assert_eq!(seen.len(), 0);
    }
}
