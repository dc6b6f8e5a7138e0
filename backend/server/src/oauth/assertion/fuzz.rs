//! Assertions of strangers, and of a client that signs anything.

use super::{Compact, Expected, Invalid, JTI_CHARACTERS_MAX, SKEW_SECONDS, Valid, examine};
use crate::fuzz::Signer;
use mudeung_core::clock::Timestamp;
use mudeung_core::credential::KeyAlgorithm;
use mudeung_core::id::CredentialId;
use mudeung_core::policy::ClientKey;
use serde_json::Value;

const CLIENT: &str = "app_client";
const ISSUER: &str = "https://data.example";
const NOW: i64 = 1_800_000_000;
const LIFETIME: i64 = 300;

/// The input stands once for the assertion and once for the claims of one that is signed well; with a newline in it, for
/// header and claims. What passes has claims that pass a second and simpler reading.
pub fn assertion(bytes: &[u8]) {
    let Some(signer) = Signer::new() else { return };
    let key = ClientKey {
        credential: CredentialId::from_bytes([1; 16]),
        kid: "first".to_owned(),
        algorithm: KeyAlgorithm::Ed25519,
        public_jwk: signer.jwk(),
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        look_at(text, &key);
    }
    look_at(&signer.jwt(br#"{"alg":"Ed25519","kid":"first"}"#, bytes), &key);
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    if let (Some(header), Some(claims)) = (parts.next(), parts.next()) {
        look_at(&signer.jwt(header, claims), &key);
    }
}

fn look_at(text: &str, key: &ClientKey) {
    let Some(compact) = Compact::parse(text) else { return };
    let expected = Expected {
        client_id: CLIENT,
        keys: &[key],
        issuer: ISSUER,
        token_endpoint: None,
        subject_optional: false,
        lifetime_seconds_max: LIFETIME,
        now: Timestamp::from_seconds(NOW),
    };
    let examined = examine(&compact, &expected);
    let signed = examined.signer.is_some();
    match examined.verdict() {
        Ok(valid) => assert_right(&compact, &valid),
        Err(Invalid::Signed(..)) => assert!(signed, "a reason is told to who signed, and to nobody else"),
        Err(Invalid::Unsigned) => assert!(!signed, "who signed is told the reason"),
    }
}

fn assert_right(compact: &Compact, valid: &Valid) {
    let claim = |name: &str| compact.claims.get(name).cloned().unwrap_or_default();
    assert_eq!((claim("iss"), claim("sub"), claim("aud")), (CLIENT.into(), CLIENT.into(), ISSUER.into()));
    assert_eq!(claim("jti"), Value::from(valid.jti.as_str()));
    assert!((1..=JTI_CHARACTERS_MAX).contains(&valid.jti.chars().count()));
    let ends = valid.expires_at.seconds();
    assert!(NOW < ends && ends <= NOW + LIFETIME, "exp {ends}");
    for name in ["iat", "nbf"] {
        let text = claim(name).to_string();
        let begins: i64 = text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or_default();
        assert!(begins <= NOW + SKEW_SECONDS, "{name} {text}");
    }
}
