//! One ES256 key: signs access tokens, verifies them, and shows its public half as a JWK.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::Entropy;
use mudeung_core::id::KeyId;
use mudeung_core::secret::Secret;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey};

/// A key, kept parsed, because parsing costs as much as signing.
pub struct TokenKey {
    kid: String,
    public: Vec<u8>,
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// A new P-256 key: its private half, and the public one as an uncompressed point.
pub(super) fn generate(entropy: &dyn Entropy) -> Option<(Secret<Vec<u8>>, Vec<u8>)> {
    // A draw outside the curve's order has a chance of about 2⁻³², so a few are always enough.
    let secret = (0..8).find_map(|_| {
        let mut drawn = [0_u8; 32];
        entropy.fill(&mut drawn);
        p256::SecretKey::from_slice(Secret::new(drawn).expose()).ok()
    })?;
    let public = secret.public_key().to_encoded_point(false).as_bytes().to_vec();
    Some((Secret::new(secret.to_bytes().to_vec()), public))
}

impl TokenKey {
    /// A key of its two halves; `None` when they do not belong together.
    pub(super) fn new(id: KeyId, private: &[u8], public: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, &random).ok()?;
        Some(Self { kid: id.to_string(), public: public.to_vec(), pair, random })
    }

    /// Its identifier.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JWK.
    pub fn jwk(&self) -> serde_json::Value {
        // An uncompressed point: a byte that says so, and the two coordinates.
        let coordinate = |from: usize| URL_SAFE_NO_PAD.encode(self.public.get(from..from + 32).unwrap_or_default());
        let (x, y) = (coordinate(1), coordinate(33));
        serde_json::json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": x, "y": y,
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
