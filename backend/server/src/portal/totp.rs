//! Time-based one-time passwords (RFC 6238): SHA-1, six digits, thirty seconds, which is what every authenticator does.

use crate::keys::sealing;
use crate::state::App;
use hkdf::Hkdf;
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::id::MemberId;
use mudeung_core::secret::Secret;
use ring::hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

const STEP_SECONDS: i64 = 30;
const SECRET_BYTES: usize = 20;
/// How many recovery codes a member gets.
pub(super) const RECOVERY_CODES: usize = 10;

/// A new secret.
pub(super) fn generate(entropy: &dyn Entropy) -> Secret<Vec<u8>> {
    let mut bytes = vec![0; SECRET_BYTES];
    entropy.fill(&mut bytes);
    Secret::new(bytes)
}

/// The time step whose code was typed: the present one or a neighbour, since clocks differ.
pub(super) fn matching_step(secret: &[u8], typed: &str, now: Timestamp) -> Option<u64> {
    let typed: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
    let present = u64::try_from(now.seconds().div_euclid(STEP_SECONDS)).ok()?;
    let near = [present.checked_sub(1), Some(present), present.checked_add(1)];
    let mut found = None;
    for step in near.into_iter().flatten() {
        if bool::from(code(secret, step).as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

/// The code of a time step.
pub(super) fn code(secret: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let mut word = [0_u8; 4];
    for (to, from) in word.iter_mut().zip(digest.iter().skip(offset)) {
        *to = *from;
    }
    format!("{:06}", (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
}

/// A secret as people type it: base32 without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte)) << (8 * (5 - group.len()));
        let letters = (group.len() * 8).div_ceil(5);
        for position in 0..letters {
            let value = usize::try_from((bits >> (35 - 5 * position)) & 31).unwrap_or_default();
            text.extend(ALPHABET.get(value).map(|letter| char::from(*letter)));
        }
    }
    text
}

/// The address that authenticators read.
pub(super) fn otpauth(secret: &[u8], email: &str) -> String {
    let label = serde_urlencoded::to_string([("l", email)]).unwrap_or_default();
    let label = label.strip_prefix("l=").unwrap_or_default().replace('+', "%20");
    format!("otpauth://totp/Mudeung:{label}?secret={}&issuer=Mudeung&algorithm=SHA1&digits=6&period=30", base32(secret))
}

/// New recovery codes: 80 unpredictable bits each, in groups of four.
pub(super) fn recovery_codes(entropy: &dyn Entropy) -> Vec<String> {
    let one = || {
        let mut bytes = [0_u8; 10];
        entropy.fill(&mut bytes);
        let text = base32(&bytes).to_lowercase();
        let groups: Vec<String> = text.as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
        groups.join("-")
    };
    (0..RECOVERY_CODES).map(|_| one()).collect()
}

/// What is stored of a recovery code. It has 80 bits, so it needs no slow hash.
pub(super) fn recovery_hash(app: &App, typed: &str) -> [u8; 32] {
    use hmac::{HMAC_SHA256, Key, sign};
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let key = Key::new(HMAC_SHA256, app.keys.session().expose());
    let tag = sign(&key, format!("recovery\0{plain}").as_bytes());
    tag.as_ref().try_into().unwrap_or_default()
}

/// Encrypts a secret for the database, bound to its member.
pub(super) fn seal(app: &App, member: MemberId, secret: &Secret<Vec<u8>>) -> Option<Vec<u8>> {
    let key = sealing_key(app)?;
    sealing::seal(key.expose(), member.to_string().as_bytes(), secret.expose(), &*app.entropy)
}

/// Decrypts a secret from the database.
pub(super) fn open(app: &App, member: MemberId, sealed: &[u8]) -> Option<Secret<Vec<u8>>> {
    sealing::open(sealing_key(app)?.expose(), member.to_string().as_bytes(), sealed)
}

fn sealing_key(app: &App) -> Option<Secret<[u8; 32]>> {
    let mut key = [0_u8; 32];
    Hkdf::<Sha256>::new(Some(b"mudeung"), app.keys.session().expose()).expand(b"mudeung/totp/v1", &mut key).ok()?;
    Some(Secret::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mudeung_core::clock::CountingEntropy;

    const RFC: &[u8] = b"12345678901234567890";

    #[test]
    fn oauth_86_codes_are_those_of_rfc_6238() {
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(RFC, seconds / 30), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_known_for_one_step_before_and_after() {
        let at = |seconds| Timestamp::from_seconds(seconds);
        let typed = code(RFC, 100);
        for (seconds, found) in
            [(2_969, None), (2_970, Some(100)), (3_000, Some(100)), (3_059, Some(100)), (3_060, None)]
        {
            assert_eq!(matching_step(RFC, &typed, at(seconds)), found, "{seconds}");
        }
        assert_eq!(matching_step(RFC, &format!(" {} {} ", &typed[..3], &typed[3..]), at(3_000)), Some(100));
        assert_eq!(matching_step(RFC, "", at(3_000)), None);
        assert_eq!(matching_step(RFC, &typed, at(-5)), None);
    }

    #[test]
    fn secrets_are_written_in_base32() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let codes = recovery_codes(&CountingEntropy::default());
        assert_eq!((codes.len(), codes[0].len()), (RECOVERY_CODES, 19));
        assert!(
            otpauth(RFC, "a b@example.org").starts_with("otpauth://totp/Mudeung:a%20b%40example.org?secret=GEZDGNBV")
        );
    }
}
