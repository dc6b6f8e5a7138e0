//! Private keys that prove an app by signed assertions (RFC 7523): nothing that could be copied is ever sent.

mod jwk;

use crate::error::ApiError;
use crate::jwt;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use serde_json::json;
use std::fmt;
use std::time::Duration;

/// How long an assertion lives.
const LIFETIME: Duration = Duration::from_secs(60);

/// A private key whose public half was registered for an app in the portal.
pub struct PrivateKey {
    /// Its name in the portal. Without one the server tries the keys of the app.
    kid: Option<String>,
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
    /// Reads a key in PKCS #8 (`-----BEGIN PRIVATE KEY-----`): Ed25519, P-256 (ES256) or RSA (PS256). `kid` is its name
    /// in the portal.
    pub fn from_pem(kid: impl Into<String>, pem: &str) -> Result<Self, ApiError> {
        Ok(Self { kid: Some(kid.into()), pair: Pair::from_pem(pem)? })
    }

    /// Reads a key as a JSON web key (RFC 7517) with its private members: of kind `OKP` (Ed25519), `EC` (P-256) or
    /// `RSA`. Without `kid` the one in the key counts.
    pub fn from_jwk(kid: Option<String>, text: &str) -> Result<Self, ApiError> {
        let (pair, named) = jwk::read(text)?;
        Ok(Self { kid: kid.or(named), pair })
    }

    /// Reads a key in either form. Without a `kid` the server looks for the one among the app's keys that fits.
    ///
    /// ```
    /// let jwk = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    ///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// assert_eq!(mudeung_sdk::PrivateKey::parse(None, jwk)?.algorithm(), "Ed25519");
    /// # Ok::<(), mudeung_sdk::ApiError>(())
    /// ```
    pub fn parse(kid: Option<String>, text: &str) -> Result<Self, ApiError> {
        match text.trim_start().starts_with('{') {
            true => Self::from_jwk(kid, text),
            false => Ok(Self { kid, pair: Pair::from_pem(text)? }),
        }
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
    pub(crate) fn assertion(&self, client_id: &str, issuer: &str) -> Result<String, ApiError> {
        let now = jwt::present();
        let mut head = json!({ "alg": self.algorithm(), "typ": "JWT" });
        if let (Some(kid), Some(head)) = (&self.kid, head.as_object_mut()) {
            head.insert("kid".to_owned(), kid.as_str().into());
        }
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": issuer, "iat": now.as_secs(),
            "exp": now.saturating_add(LIFETIME).as_secs(), "jti": jwt::fresh_id()?,
        });
        jwt::signed(&head, &claims, |message| self.sign(message))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ApiError> {
        let random = SystemRandom::new();
        let failed = |_unspecified| wrong("cannot sign");
        Ok(match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::P256(pair) => pair.sign(&random, message).map_err(failed)?.as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0_u8; pair.public().modulus_len()];
                let padding: &'static dyn signature::RsaEncoding = &signature::RSA_PSS_SHA256;
                pair.sign(padding, &random, message, &mut signature).map_err(failed)?;
                signature
            }
        })
    }
}

impl Pair {
    fn from_pem(pem: &str) -> Result<Self, ApiError> {
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
        Ok(if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            Pair::Ed25519(pair)
        } else if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random) {
            Pair::P256(Box::new(pair))
        } else {
            let pair = RsaKeyPair::from_pkcs8(&der);
            Pair::Rsa(Box::new(pair.map_err(|error| wrong(&format!("is neither Ed25519, P-256 nor RSA: {error}")))?))
        })
    }
}

fn wrong(what: &str) -> ApiError {
    ApiError::Configuration(format!("the private key {what}"))
}
