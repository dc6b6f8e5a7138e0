//! The two codes of a device: one that it keeps to itself, and a short one that a person reads and types.

use crate::keys::Keys;
use crate::oauth::secrets;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::Entropy;
use mudeung_core::secret::Secret;

/// Letters that nobody confuses and that make no words (RFC 8628 section 6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// 20⁸ codes are 34 bits; who guesses is stopped after a handful.
const LETTERS: usize = 8;

/// A device code: `mdd_` and 256 unpredictable bits.
pub(super) fn mint_device_code(entropy: &dyn Entropy) -> Secret<String> {
    let mut random = [0_u8; 32];
    entropy.fill(&mut random);
    Secret::new(format!("mdd_{}", URL_SAFE_NO_PAD.encode(random)))
}

/// A user code such as `WDJB-MJHT`.
pub(super) fn mint_user_code(entropy: &dyn Entropy) -> String {
    let mut random = [0_u8; 16];
    entropy.fill(&mut random);
    // 128 bits are so many more than 34 that the remainder prefers no letter in any way that counts.
    let mut rest = u128::from_be_bytes(random);
    let mut text = String::with_capacity(LETTERS + 1);
    for position in 0..LETTERS {
        if position == LETTERS / 2 {
            text.push('-');
        }
        let letter = usize::try_from(rest % 20).ok().and_then(|digit| ALPHABET.get(digit)).copied().unwrap_or(b'B');
        text.push(char::from(letter));
        rest /= 20;
    }
    text
}

/// A user code as it was typed, as it was shown: capitals, one hyphen. `None` when it cannot be one.
pub(crate) fn read_user_code(typed: &str) -> Option<String> {
    let mut letters = String::with_capacity(LETTERS + 1);
    for letter in typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
        let letter = letter.to_ascii_uppercase();
        if letters.len() > LETTERS || !u8::try_from(letter).is_ok_and(|letter| ALPHABET.contains(&letter)) {
            return None;
        }
        if letters.len() == LETTERS / 2 {
            letters.push('-');
        }
        letters.push(letter);
    }
    (letters.len() == LETTERS + 1).then_some(letters)
}

/// What is stored of a device code.
pub(super) fn device_hash(keys: &Keys, code: &str) -> [u8; 32] {
    secrets::hash(keys, &format!("device-code:{code}"))
}

/// What is stored of a user code, in the form that [`read_user_code`] gives.
pub(crate) fn user_hash(keys: &Keys, code: &str) -> [u8; 32] {
    secrets::hash(keys, &format!("user-code:{code}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mudeung_core::clock::CountingEntropy;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn user_codes_are_short_plain_and_never_twice_the_same() {
        let entropy = CountingEntropy::default();
        let codes: BTreeSet<String> = (0..2_000).map(|_| mint_user_code(&entropy)).collect();
        assert_eq!(codes.len(), 2_000);
        for code in &codes {
            assert_eq!(read_user_code(code).as_ref(), Some(code));
        }
        for letter in ALPHABET {
            assert!(codes.iter().any(|code| code.starts_with(char::from(*letter))), "{letter} never comes first");
        }
    }

    #[test]
    fn a_code_is_read_however_it_was_typed() {
        for typed in ["WDJB-MJHT", "wdjbmjht", " wd jb mj ht ", "WDJB--MJHT", "w-d-j-b-m-j-h-t"] {
            assert_eq!(read_user_code(typed).as_deref(), Some("WDJB-MJHT"), "{typed}");
        }
        for wrong in ["", "WDJB-MJH", "WDJB-MJHTX", "WDJB-MJHA", "WDJB_MJHT", "1DJB-MJHT", "WDJB-MJH\u{130}"] {
            assert_eq!(read_user_code(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_typed(text in "\\PC{0,40}") {
            if let Some(code) = read_user_code(&text) {
                prop_assert_eq!(read_user_code(&code), Some(code));
            }
        }
    }
}
