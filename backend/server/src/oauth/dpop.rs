//! Proofs of possession (RFC 9449): a token that is bound to a key is of use only with a fresh proof made with that key.
//!
//! Every proof needs a nonce of ours. A nonce names its node and its window of time, so a proof is good at one node and
//! for two windows only, and what one process remembers is enough to see a proof come twice. A client that reaches
//! another node is told that node's nonce and comes again.

mod address;
pub mod fuzz;
mod key;
mod nonce;
mod proof;
mod seen;

#[cfg(test)]
mod tests;

use crate::config::Config;
use crate::keys::Keys;
use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::clock::{Entropy, Timestamp};
use mudeung_core::credential::KeyAlgorithm;
use nonce::Nonces;
use proof::Proof;
use seen::Seen;
use sha2::{Digest, Sha256};
use std::sync::{Mutex, PoisonError};

/// The header with the proof.
pub const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The header with the nonce that the next proof must carry.
pub const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// The algorithms that proofs may be signed with.
pub const ALGORITHMS: [KeyAlgorithm; 4] =
    [KeyAlgorithm::Es256, KeyAlgorithm::Ed25519, KeyAlgorithm::Ps256, KeyAlgorithm::Rs256];

/// How far the clock of a client may be from ours, in seconds, either way.
const SKEW_SECONDS: i64 = 300;

/// SHA-256 of a public key in the form of RFC 7638: what a token is bound to.
pub type Thumbprint = [u8; 32];

/// The nonce for the next proof; the outermost middleware writes it into the answer.
#[derive(Debug, Clone)]
pub struct FreshNonce(pub String);

/// Checks proofs, and remembers those it has seen.
pub struct Dpop {
    origin: String,
    nonces: Nonces,
    seen: Mutex<Seen>,
}

/// What a proof must be made for.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'r> {
    /// The method of the request.
    pub method: &'r Method,
    /// The path of the request, as it was sent.
    pub path: &'r str,
    /// The token that comes with the proof and what it is bound to; nothing where a token is asked for.
    pub token: Option<(&'r str, Thumbprint)>,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidProof {
    /// There is none.
    Missing,
    /// There is more than one.
    Several,
    /// Not a JWT of the right shape.
    Malformed,
    /// An algorithm that is not taken.
    Algorithm,
    /// The key in it is none, or a private one.
    Key,
    /// The signature does not verify.
    Signature,
    /// Made for another request.
    OtherRequest,
    /// Too old, or from the future.
    Time,
    /// Made for another token, or with another key than the one the token is bound to.
    OtherToken,
    /// Used before.
    Replayed,
    /// Without a nonce, or with one that is over or of another node.
    Nonce,
}

impl InvalidProof {
    /// What to do about it, in ASCII.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Missing => "Send a proof in the DPoP header; the token is bound to a key.",
            Self::Several => "Send one DPoP header, not several.",
            Self::Malformed => "The DPoP proof is not a JWT with typ dpop+jwt and the claims jti, htm, htu and iat.",
            Self::Algorithm => {
                "The DPoP proof is signed with an algorithm that is not in dpop_signing_alg_values_supported."
            }
            Self::Key => "The jwk of the DPoP proof is not a public key for its algorithm.",
            Self::Signature => "The signature of the DPoP proof does not verify.",
            Self::OtherRequest => "The DPoP proof was made for another method or address (htm, htu).",
            Self::Time => "The iat of the DPoP proof is too far from the present.",
            Self::OtherToken => {
                "The DPoP proof was made for another token (ath), or with another key than the token's."
            }
            Self::Replayed => "The jti of the DPoP proof was used before. Make a new proof for every request.",
            Self::Nonce => "The DPoP proof needs the nonce in the DPoP-Nonce header.",
        }
    }
}

impl Dpop {
    /// Checks proofs made for the public address of the server.
    pub fn new(config: &Config, keys: &Keys, entropy: &dyn Entropy) -> Self {
        let mut node = [0_u8; 16];
        entropy.fill(&mut node);
        Self {
            origin: address::normalised(&config.http.public_url).unwrap_or_default(),
            nonces: Nonces::new(keys, node),
            seen: Mutex::default(),
        }
    }

    /// The nonce that the next proof must carry.
    pub fn nonce(&self, now: Timestamp) -> FreshNonce {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let window = seen.advance(nonce::window(now));
        FreshNonce(self.nonces.of(seen.epoch(), window))
    }

    /// The key that the one proof of a request was made with. A proof that is good is good once.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        expected: Expected<'_>,
        now: Timestamp,
    ) -> Result<Thumbprint, InvalidProof> {
        let mut values = headers.get_all(&DPOP);
        let text = values.next().ok_or(InvalidProof::Missing)?;
        if values.next().is_some() {
            return Err(InvalidProof::Several);
        }
        let proof = Proof::parse(text.to_str().ok().ok_or(InvalidProof::Malformed)?)?;
        self.check_request(&proof, expected, now)?;
        if let Some((token, bound_to)) = expected.token {
            let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()));
            if proof.claims.ath.as_ref() != Some(&hash) || proof.thumbprint != bound_to {
                return Err(InvalidProof::OtherToken);
            }
        }
        self.check_once(&proof, now)?;
        Ok(proof.thumbprint)
    }

    fn check_request(&self, proof: &Proof, expected: Expected<'_>, now: Timestamp) -> Result<(), InvalidProof> {
        let address = address::normalised(&proof.claims.htu);
        let wanted = address::normalised(&format!("{}{}", self.origin, expected.path));
        if proof.claims.htm != expected.method.as_str() || address.is_none() || address != wanted {
            return Err(InvalidProof::OtherRequest);
        }
        let distance = proof.claims.iat.saturating_sub(now.seconds()).saturating_abs();
        if distance > SKEW_SECONDS { Err(InvalidProof::Time) } else { Ok(()) }
    }

    /// Nonce and `jti` are looked at last, so that nothing is remembered of a proof that is wrong otherwise.
    fn check_once(&self, proof: &Proof, now: Timestamp) -> Result<(), InvalidProof> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let present = seen.advance(nonce::window(now));
        let given = proof.claims.nonce.as_deref().unwrap_or_default();
        let windows = [present, present.saturating_sub(1)];
        let epoch = seen.epoch();
        let window = windows.into_iter().find(|window| self.nonces.is(given, epoch, *window));
        let window = window.ok_or(InvalidProof::Nonce)?;
        let mut hash = Sha256::new();
        hash.update(proof.thumbprint);
        hash.update(proof.claims.jti.as_bytes());
        if seen.insert(window, hash.finalize().into()) { Ok(()) } else { Err(InvalidProof::Replayed) }
    }

    /// How many proofs are remembered.
    pub fn remembered(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Writes the nonce for the next proof into the answer of a request whose proof was good.
pub fn announce(response: &mut ServiceResponse<BoxBody>) {
    let fresh = response.request().extensions().get::<FreshNonce>().cloned();
    if let Some(value) = fresh.and_then(|FreshNonce(nonce)| HeaderValue::from_str(&nonce).ok()) {
        response.headers_mut().insert(DPOP_NONCE, value);
    }
}

/// The names of [`ALGORITHMS`].
pub fn algorithm_names() -> [&'static str; 4] {
    ALGORITHMS.map(KeyAlgorithm::as_str)
}
