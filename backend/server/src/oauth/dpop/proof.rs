//! One proof, read: its signature is good and its key is public; what it was made for is for [`super::Dpop`] to look at.

use super::key::Jwk;
use super::{ALGORITHMS, InvalidProof, Thumbprint};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::credential::KeyAlgorithm;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// The longest proof: an RSA key of 4096 bits fits.
const PROOF_BYTES_MAX: usize = 8 << 10;
/// The longest `jti`, `nonce`, `htm` and `ath`.
pub(super) const TEXT_BYTES_MAX: usize = 256;
const TYPE: &str = "dpop+jwt";

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Jwk,
    crit: Option<IgnoredAny>,
}

/// What a proof says.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    /// Names this proof among those of its key.
    pub(super) jti: String,
    /// The method.
    pub(super) htm: String,
    /// The address.
    pub(super) htu: String,
    /// When it was made, in seconds.
    pub(super) iat: i64,
    /// The nonce.
    pub(super) nonce: Option<String>,
    /// SHA-256 of the token it comes with.
    pub(super) ath: Option<String>,
}

/// A proof.
#[derive(Debug)]
pub(super) struct Proof {
    /// The key it was made with.
    pub(super) thumbprint: Thumbprint,
    /// What it says.
    pub(super) claims: Claims,
}

impl Proof {
    /// Reads a proof and checks its signature.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidProof> {
        if text.len() > PROOF_BYTES_MAX {
            return Err(InvalidProof::Malformed);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(InvalidProof::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(InvalidProof::Malformed)?;
        let header: Header = read(header)?;
        if !header.typ.eq_ignore_ascii_case(TYPE) || header.crit.is_some() {
            return Err(InvalidProof::Malformed);
        }
        let algorithm = KeyAlgorithm::parse(&header.alg).filter(|found| ALGORITHMS.contains(found));
        let algorithm = algorithm.ok_or(InvalidProof::Algorithm)?;
        let (key, thumbprint) = header.jwk.read(algorithm)?;
        if !key.verifies(algorithm, message.as_bytes(), &decode(signature)?) {
            return Err(InvalidProof::Signature);
        }
        let claims: Claims = read(claims)?;
        let Claims { jti, nonce, ath, .. } = &claims;
        let long =
            [Some(jti), nonce.as_ref(), ath.as_ref()].into_iter().flatten().any(|text| text.len() > TEXT_BYTES_MAX);
        if long || jti.is_empty() { Err(InvalidProof::Malformed) } else { Ok(Self { thumbprint, claims }) }
    }
}

fn read<T: DeserializeOwned>(part: &str) -> Result<T, InvalidProof> {
    serde_json::from_slice(&decode(part)?).ok().ok_or(InvalidProof::Malformed)
}

fn decode(part: &str) -> Result<Vec<u8>, InvalidProof> {
    URL_SAFE_NO_PAD.decode(part).ok().ok_or(InvalidProof::Malformed)
}
