//! Public keys as devices write them (COSE, RFC 9053), of the three algorithms that are offered.

use super::Refusal;
use super::cbor::Item;
use crate::oauth::jwk::PublicKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::credential::KeyAlgorithm;
use serde_json::{Map, Value};

/// ECDSA on P-256 with SHA-256.
pub(super) const ES256: i64 = -7;
/// Ed25519, under the number that means EdDSA on the curve of the key.
pub(super) const ED25519: i64 = -8;
/// RSASSA-PKCS1-v1_5 with SHA-256, as devices of Windows have it.
pub(super) const RS256: i64 = -257;

// The members of a key; those below zero mean what the kind of key says.
const KIND: i64 = 1;
const ALGORITHM: i64 = 3;

/// The number of a key's algorithm.
pub(super) const fn number(key: &PublicKey) -> Option<i64> {
    match key.algorithm {
        KeyAlgorithm::Es256 => Some(ES256),
        KeyAlgorithm::Ed25519 => Some(ED25519),
        KeyAlgorithm::Rs256 => Some(RS256),
        KeyAlgorithm::Es384 | KeyAlgorithm::Ps256 | KeyAlgorithm::Rs384 => None,
    }
}

/// Reads a key that has the members of its kind and no others, and is strong enough.
pub(super) fn read(key: &Item<'_>) -> Result<PublicKey, Refusal> {
    let of = |label: i64| key.get(&Item::Whole(label));
    let number = |label: i64| of(label).and_then(Item::whole).ok_or(Refusal::Key);
    let bytes = |label: i64| of(label).and_then(Item::bytes).map(<[u8]>::to_vec).ok_or(Refusal::Key);
    let curve = |expected: i64| if number(-1)? == expected { Ok(()) } else { Err(Refusal::Key) };
    // What a JWK calls the kind of key and its curve, and the names of its numbers.
    let (algorithm, kind, kty, crv, parts) = match number(ALGORITHM)? {
        ES256 => {
            curve(1)?;
            (KeyAlgorithm::Es256, 2, "EC", Some("P-256"), vec![("x", bytes(-2)?), ("y", bytes(-3)?)])
        }
        ED25519 => {
            curve(6)?;
            (KeyAlgorithm::Ed25519, 1, "OKP", Some("Ed25519"), vec![("x", bytes(-2)?)])
        }
        RS256 => (KeyAlgorithm::Rs256, 3, "RSA", None, vec![("n", bytes(-1)?), ("e", bytes(-2)?)]),
        _ => return Err(Refusal::Algorithm),
    };
    let count = 2 + parts.len() + usize::from(crv.is_some());
    if number(KIND)? != kind || key.members().is_none_or(|members| members.len() != count) {
        return Err(Refusal::Key);
    }
    let mut jwk: Map<String, Value> = Map::new();
    jwk.insert("kty".to_owned(), kty.into());
    jwk.extend(crv.map(|crv| ("crv".to_owned(), crv.into())));
    jwk.extend(parts.into_iter().map(|(name, bytes)| (name.to_owned(), URL_SAFE_NO_PAD.encode(bytes).into())));
    PublicKey::from_jwk(&jwk, Some(algorithm)).ok().ok_or(Refusal::Key)
}
