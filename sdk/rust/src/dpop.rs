//! Proofs of possession (RFC 9449): a token that is bound to a key of this process is of use to nobody else.

use crate::error::ApiError;
use crate::jwt;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Url};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The header with the proof.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
/// What an answer is refused with whose proof had no nonce, or an old one.
pub(crate) const USE_NONCE: &str = "use_dpop_nonce";
/// So often a call is sent again with the nonce that the server asks for. Once is enough with one server; each of
/// several behind one address has its own.
pub(crate) const NONCES_MAX: u32 = 3;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A key that lives as long as its client and is written nowhere.
pub(crate) struct ProofKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    head: Value,
    /// The last nonce of each server, by its origin.
    nonces: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofKey").finish_non_exhaustive()
    }
}

impl ProofKey {
    /// Makes a key on P-256.
    pub(crate) fn generate() -> Result<Self, ApiError> {
        let random = SystemRandom::new();
        let failed = || ApiError::Configuration("no key for proofs of possession could be made".to_owned());
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let document = document.map_err(|_unspecified| failed())?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random);
        let pair = pair.map_err(|_rejected| failed())?;
        // An uncompressed point: 4, and two coordinates of 32 bytes.
        let point = pair.public_key().as_ref().split_at_checked(1).and_then(|(_, both)| both.split_at_checked(32));
        let (x, y) = point.ok_or_else(failed)?;
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
        let head = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
        Ok(Self { pair, random, head, nonces: Mutex::default() })
    }

    /// A proof for one request, and for the token that it carries.
    pub(crate) fn proof(&self, method: &Method, url: &Url, token: Option<&str>) -> Result<HeaderValue, ApiError> {
        let mut address = url.clone();
        address.set_query(None);
        address.set_fragment(None);
        let mut claims = json!({
            "htm": method.as_str(), "htu": address.as_str(),
            "iat": jwt::present().as_secs(), "jti": jwt::fresh_id()?,
        });
        if let Some(claims) = claims.as_object_mut() {
            if let Some(token) = token {
                claims.insert("ath".to_owned(), URL_SAFE_NO_PAD.encode(Sha256::digest(token)).into());
            }
            if let Some(nonce) = self.nonces().get(&origin(url)) {
                claims.insert("nonce".to_owned(), nonce.clone().into());
            }
        }
        let failed = || ApiError::Configuration("the key for proofs of possession cannot sign".to_owned());
        let proof = jwt::signed(&self.head, &claims, |message| {
            let signature = self.pair.sign(&self.random, message).map_err(|_unspecified| failed())?;
            Ok(signature.as_ref().to_vec())
        })?;
        HeaderValue::from_str(&proof).map_err(|_invalid| failed())
    }

    /// Keeps the nonce that an answer brings for the next proof.
    pub(crate) fn keep_nonce(&self, url: &Url, headers: &HeaderMap) {
        if let Some(nonce) = headers.get(DPOP_NONCE).and_then(|value| value.to_str().ok()) {
            self.nonces().insert(origin(url), nonce.to_owned());
        }
    }

    fn nonces(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a refusal of the resource server only wants another nonce.
pub(crate) fn wants_nonce(headers: &HeaderMap) -> bool {
    let challenges = headers.get_all(WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
    headers.contains_key(DPOP_NONCE) && challenges.into_iter().any(|challenge| challenge.contains(USE_NONCE))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
