//! Commitments: what stands in an entry for a personal value, so that the value can be erased and the entry stays.
//!
//! A commitment is SHA-256 of a random salt of 32 bytes followed by the value in UTF-8, in base64url. Salt and value lie
//! beside the ledger. Whoever is shown both checks that they are what the entry was made with; once they are erased, the
//! commitment says nothing to anybody.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes of a salt.
pub const SALT_BYTES: usize = 32;

/// What a commitment was made of.
///
/// ```
/// use mudeung_wire::ledger::commitment::Opening;
/// let opening = Opening::new(&[7; 32], "203.0.113.7");
/// let commitment = opening.commitment().unwrap();
/// assert!(opening.opens(&commitment));
/// assert!(!Opening::new(&[7; 32], "203.0.113.8").opens(&commitment));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The salt, base64url.
    pub salt: String,
    /// The value.
    pub value: String,
}

/// Commits to a value.
pub fn commit(salt: &[u8; SALT_BYTES], value: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(salt).chain_update(value).finalize())
}

impl Opening {
    /// An opening of a salt and a value.
    pub fn new(salt: &[u8; SALT_BYTES], value: &str) -> Self {
        Self { salt: URL_SAFE_NO_PAD.encode(salt), value: value.to_owned() }
    }

    /// The commitment that it opens; nothing when its salt is none.
    pub fn commitment(&self) -> Option<String> {
        let salt = URL_SAFE_NO_PAD.decode(&self.salt).ok()?;
        Some(commit(&salt.try_into().ok()?, &self.value))
    }

    /// Whether a commitment was made of it.
    pub fn opens(&self, commitment: &str) -> bool {
        self.commitment().is_some_and(|own| own == commitment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_commitment_is_sha_256_of_salt_and_value() {
        // printf '%s' 'salt…value' | sha256sum, with a salt of 32 times the letter `s`.
        let salt = *b"ssssssssssssssssssssssssssssssss";
        let expected: [u8; 32] = Sha256::digest(b"ssssssssssssssssssssssssssssssss203.0.113.7").into();
        assert_eq!(commit(&salt, "203.0.113.7"), URL_SAFE_NO_PAD.encode(expected));
        assert_eq!(commit(&salt, "203.0.113.7"), "U0c3zXQdEWJTAZrg7cxPEdQFAYu_t2ga9G0393-r3sw");
    }

    proptest! {
        #[test]
        fn only_what_was_committed_to_opens(salt in any::<[u8; 32]>(), other in any::<[u8; 32]>(), value in "\\PC{0,40}", wrong in "\\PC{0,40}") {
            let commitment = commit(&salt, &value);
            prop_assert!(Opening::new(&salt, &value).opens(&commitment));
            prop_assert_eq!(Opening::new(&salt, &wrong).opens(&commitment), wrong == value);
            prop_assert_eq!(Opening::new(&other, &value).opens(&commitment), other == salt);
        }

        #[test]
        fn any_text_is_no_salt_or_is_one(salt in "\\PC{0,60}") {
            let opening = Opening { salt, value: String::new() };
            prop_assert!(!opening.opens("x"));
        }
    }
}
