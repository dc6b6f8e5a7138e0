//! Noise that is the same for the same query, and unpredictable to whoever has not the server's key.

use crate::data::signature::keyed;
use hmac::Mac;
use mudeung_core::clock::Entropy;
use std::sync::Mutex;
use std::sync::PoisonError;

/// HMAC-SHA-256 in counter mode over the query.
pub(super) struct Sticky {
    seed: [u8; 32],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counter: u64,
    left: Vec<u8>,
}

impl Sticky {
    pub(super) fn new(key: &[u8; 32], query: &str) -> Self {
        let mut mac = keyed(key);
        mac.update(b"statistics noise\n");
        mac.update(query.as_bytes());
        Self { seed: mac.finalize().into_bytes().into(), state: Mutex::default() }
    }

    /// Bytes that depend on the query, for other uses than noise.
    pub(super) fn salt(key: &[u8; 32], query: &str) -> [u8; 32] {
        let mut mac = keyed(key);
        mac.update(b"statistics salt\n");
        mac.update(query.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl Entropy for Sticky {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if state.left.is_empty() {
                let mut mac = keyed(&self.seed);
                mac.update(&state.counter.to_be_bytes());
                state.counter = state.counter.wrapping_add(1);
                state.left = mac.finalize().into_bytes().to_vec();
            }
            *byte = state.left.pop().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_depends_on_key_and_query_and_on_nothing_else() {
        let take = |key: u8, query: &str| {
            let mut bytes = [0_u8; 100];
            Sticky::new(&[key; 32], query).fill(&mut bytes);
            bytes
        };
        assert_eq!(take(1, "a"), take(1, "a"));
        assert_ne!(take(1, "a"), take(1, "b"));
        assert_ne!(take(1, "a"), take(2, "a"));
        let bytes = take(1, "a");
        assert_ne!(bytes[..32], bytes[32..64]);
    }
}
