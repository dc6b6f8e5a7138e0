//! One ES256 key: signs access tokens, verifies them, and shows its public half as a JWK.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::secret::Secret;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// A key with its public half and the moment it starts to sign. Kept parsed, because parsing costs as much as signing.
pub struct TokenKey {
    kid: String,
    not_before: Timestamp,
    x: String,
    y: String,
    public: Vec<u8>,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// A new P-256 key in PEM.
pub(super) fn generate_pem(entropy: &dyn Entropy) -> Option<Secret<String>> {
    // A draw outside the curve's order has a chance of about 2⁻³², so a few are always enough.
    let secret = (0..8).find_map(|_| {
        let mut drawn = [0_u8; 32];
        entropy.fill(&mut drawn);
        p256::SecretKey::from_slice(Secret::new(drawn).expose()).ok()
    })?;
    secret.to_pkcs8_pem(LineEnding::LF).ok().map(|pem| Secret::new(pem.to_string()))
}

impl TokenKey {
    /// Reads a key from PEM; `None` when it is not a P-256 key.
    pub(super) fn from_pem(pem: &str, not_before: Timestamp) -> Option<Self> {
        let secret = p256::SecretKey::from_pkcs8_pem(pem).ok()?;
        let point = secret.public_key().to_encoded_point(false);
        let (x, y) = (URL_SAFE_NO_PAD.encode(point.x()?), URL_SAFE_NO_PAD.encode(point.y()?));
        let public = point.as_bytes().to_vec();
        let random = SystemRandom::new();
        let private = secret.to_bytes();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &public, &random).ok()?;
        // RFC 7638: the required members in the order of their names, without spaces.
        let thumbprint = Sha256::digest(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
        Some(Self { kid: URL_SAFE_NO_PAD.encode(thumbprint), not_before, x, y, public, pair, random })
    }

    /// Its identifier: the thumbprint of RFC 7638.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The moment it starts to sign. It verifies before that too.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The public half as a JWK.
    pub fn jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": self.x, "y": self.y,
        })
    }

    /// Signs; `None` when the system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.pair.sign(&self.random, message).ok().map(|signature| signature.as_ref().to_vec())
    }

    /// Whether the key signed the message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public).verify(message, signature).is_ok()
    }
}
