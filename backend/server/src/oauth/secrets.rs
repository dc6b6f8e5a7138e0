//! The secrets of apps: how they are made, recognised and hashed.

use crate::keys::Keys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use mudeung_core::clock::Entropy;
use mudeung_core::secret::Secret;
use sha2::{Digest, Sha256};

/// What every secret starts with, so that scanners for leaked secrets find it.
pub const PREFIX: &str = "mds_";
/// Characters of a secret: the prefix, 43 of randomness, 6 of checksum.
const LENGTH: usize = 53;
const CHECKSUM_LENGTH: usize = 6;

/// Makes a secret: `mds_`, 256 unpredictable bits and a checksum, in characters that no encoding changes. Show it once
/// and store only its [`hash`].
pub fn mint(entropy: &dyn Entropy) -> Secret<String> {
    let mut random = [0_u8; 32];
    entropy.fill(&mut random);
    let body = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(Secret::new(random).expose()));
    let checksum = checksum(&body);
    Secret::new(format!("{body}{checksum}"))
}

/// Whether a text has the form of a secret, checksum included: tells a leaked secret from a look-alike without asking
/// the server.
pub fn is_well_formed(text: &str) -> bool {
    let split = text.split_at_checked(LENGTH - CHECKSUM_LENGTH);
    let valid = split.is_some_and(|(body, given)| body.starts_with(PREFIX) && checksum(body) == given);
    valid && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn checksum(body: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(body.as_bytes()).into();
    let mut text = URL_SAFE_NO_PAD.encode(digest);
    text.truncate(CHECKSUM_LENGTH);
    text
}

/// The last four characters, by which people tell two secrets apart. They are of the checksum, so they give away
/// nothing of the randomness.
pub fn hint(secret: &Secret<String>) -> String {
    let secret = secret.expose();
    secret.chars().skip(secret.chars().count().saturating_sub(4)).collect()
}

/// What is stored of a secret: HMAC-SHA-256 under the server's pepper. A machine's secret has 256 bits, so it needs no
/// slow hash.
pub fn hash(keys: &Keys, secret: &str) -> [u8; 32] {
    #[cfg(test)]
    tests::HASHED.with(|count| count.set(count.get() + 1));
    // HMAC takes keys of every length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(keys.pepper().expose()) else { return [0; 32] };
    mac.update(secret.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use mudeung_core::clock::CountingEntropy;
    use proptest::prelude::*;
    use std::cell::Cell;

    thread_local! {
        /// How many secrets this thread has hashed: the work by which an answer could tell what exists.
        pub(super) static HASHED: Cell<u32> = const { Cell::new(0) };
    }

    /// How many secrets `work` hashes.
    pub(in crate::oauth) fn hashes_during<T>(work: impl FnOnce() -> T) -> (u32, T) {
        let before = HASHED.with(Cell::get);
        let done = work();
        (HASHED.with(Cell::get) - before, done)
    }

    #[test]
    fn a_secret_has_prefix_length_alphabet_and_checksum() {
        let entropy = CountingEntropy::default();
        for _ in 0..200 {
            let secret = mint(&entropy);
            assert!(is_well_formed(secret.expose()), "{}", secret.expose());
            assert_eq!(secret.expose().len(), LENGTH);
            assert!(secret.expose().ends_with(&hint(&secret)));
        }
    }

    #[test]
    fn a_mistyped_secret_is_noticed() {
        let secret = mint(&CountingEntropy::default());
        let text = secret.expose();
        for position in 0..text.len() {
            let mut other = text.clone().into_bytes();
            other[position] = if other[position] == b'x' { b'y' } else { b'x' };
            assert!(!is_well_formed(std::str::from_utf8(&other).unwrap()), "at {position}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_looked_at(text in "\\PC{0,60}") {
            prop_assert!(!is_well_formed(&text));
        }
    }
}
