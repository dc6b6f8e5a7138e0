//! Encryption at rest: AES-256-GCM under a key of ours, bound to what is encrypted, so that nothing can stand in for
//! something else.

use mudeung_core::clock::Entropy;
use mudeung_core::secret::Secret;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

const NONCE_BYTES: usize = 12;

/// Encrypts. What comes out begins with its nonce; it opens only under the same key and binding.
pub(crate) fn seal(key: &[u8; 32], bound_to: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Option<Vec<u8>> {
    let mut nonce = [0_u8; NONCE_BYTES];
    entropy.fill(&mut nonce);
    let mut sealed = plain.to_vec();
    let key = cipher(key)?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut sealed).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// Decrypts; nothing when it was changed, bound to something else, or encrypted under another key.
pub(crate) fn open(key: &[u8; 32], bound_to: &[u8], sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut rest = rest.to_vec();
    let length = cipher(key)?.open_in_place(nonce, Aad::from(bound_to), &mut rest).ok()?.len();
    rest.truncate(length);
    Some(Secret::new(rest))
}

fn cipher(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mudeung_core::clock::CountingEntropy;

    #[test]
    fn oauth_82_what_was_sealed_opens_under_its_key_and_binding_alone_and_no_bit_of_it_can_be_changed() {
        let entropy = CountingEntropy::default();
        let sealed = seal(&[7; 32], b"one", b"a key", &entropy).unwrap();
        assert_eq!(open(&[7; 32], b"one", &sealed).unwrap().expose(), b"a key");
        assert!(open(&[8; 32], b"one", &sealed).is_none());
        assert!(open(&[7; 32], b"two", &sealed).is_none());
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&[7; 32], b"one", &changed).is_none(), "{bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&[7; 32], b"one", &sealed[..length]).is_none(), "{length}");
        }
        let again = seal(&[7; 32], b"one", b"a key", &entropy).unwrap();
        assert_ne!(sealed, again, "a nonce is used once");
        assert!(!sealed.windows(5).any(|window| window == b"a key"));
    }
}
