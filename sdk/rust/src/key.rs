//! Private keys that prove an app by signed assertions (RFC 7523): nothing that could be copied is ever sent.

use crate::error::ApiError;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use serde_json::json;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long an assertion lives.
const LIFETIME: Duration = Duration::from_secs(60);

/// A private key whose public half was registered for an app in the portal.
pub struct PrivateKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Reads a key in PKCS #8 (`-----BEGIN PRIVATE KEY-----`): Ed25519, P-256 (ES256) or RSA (PS256). `kid` is its name in
    /// the portal.
    pub fn from_pem(kid: impl Into<String>, pem: &str) -> Result<Self, ApiError> {
        let body = pem
            .split_once("-----BEGIN PRIVATE KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PRIVATE KEY-----"))
            .map(|(body, _)| body.split_whitespace().collect::<String>())
            .ok_or_else(|| {
                wrong(
                    "is not in PKCS #8 (-----BEGIN PRIVATE KEY-----); convert it with `openssl pkcs8 -topk8 -nocrypt`",
                )
            })?;
        let der = STANDARD.decode(body).map_err(|error| wrong(&format!("is not base64: {error}")))?;
        let random = SystemRandom::new();
        let pair = if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            Pair::Ed25519(pair)
        } else if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random) {
            Pair::P256(Box::new(pair))
        } else {
            let pair = RsaKeyPair::from_pkcs8(&der);
            Pair::Rsa(Box::new(pair.map_err(|error| wrong(&format!("is neither Ed25519, P-256 nor RSA: {error}")))?))
        };
        Ok(Self { kid: kid.into(), pair })
    }

    /// The algorithm it signs with, as it was registered.
    pub const fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ed25519(_) => "Ed25519",
            Pair::P256(_) => "ES256",
            Pair::Rsa(_) => "PS256",
        }
    }

    /// An assertion that proves an app to an issuer, good for one request within a minute.
    #[expect(clippy::disallowed_methods, reason = "a client has no clock but that of its machine")]
    pub(crate) fn assertion(&self, client_id: &str, issuer: &str) -> Result<String, ApiError> {
        let random = SystemRandom::new();
        let mut jti = [0_u8; 16];
        random.fill(&mut jti).map_err(|_unspecified| wrong("cannot be used: the system gives no random bytes"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let head = json!({ "alg": self.algorithm(), "kid": self.kid, "typ": "JWT" });
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": issuer, "iat": now.as_secs(),
            "exp": now.saturating_add(LIFETIME).as_secs(), "jti": URL_SAFE_NO_PAD.encode(jti),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let failed = |_unspecified| wrong("cannot sign");
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
            Pair::P256(pair) => pair.sign(&random, signed.as_bytes()).map_err(failed)?.as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0_u8; pair.public().modulus_len()];
                let padding: &'static dyn signature::RsaEncoding = &signature::RSA_PSS_SHA256;
                pair.sign(padding, &random, signed.as_bytes(), &mut signature).map_err(failed)?;
                signature
            }
        };
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn wrong(what: &str) -> ApiError {
    ApiError::Configuration(format!("the private key {what}"))
}
