//! The public key in the head of a proof: whole, public, and of the kind that its algorithm wants.

use super::{InvalidProof, Thumbprint};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mudeung_core::credential::KeyAlgorithm;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

/// RSA keys of 4096 bits and no more: checking longer ones costs us more than making them costs others.
const MODULUS_BYTES_MAX: usize = 512;

/// A key as it is written (RFC 7517). A name that stands twice is refused.
#[derive(Debug, Deserialize)]
pub(super) struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    // The members of private and of symmetric keys (RFC 7518 section 6).
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

/// A public key.
#[derive(Debug)]
pub(super) enum ProofKey {
    /// On P-256: an uncompressed point.
    P256([u8; 65]),
    /// On edwards25519.
    Ed25519([u8; 32]),
    /// RSA: modulus and exponent.
    Rsa(Vec<u8>, Vec<u8>),
}

impl Jwk {
    fn is_private(&self) -> bool {
        let Self { d, p, q, dp, dq, qi, oth, k, .. } = self;
        [d, p, q, dp, dq, qi, oth, k].into_iter().any(Option::is_some)
    }

    /// The key for an algorithm, and its thumbprint (RFC 7638).
    pub(super) fn read(&self, algorithm: KeyAlgorithm) -> Result<(ProofKey, Thumbprint), InvalidProof> {
        if self.is_private() {
            return Err(InvalidProof::Key);
        }
        self.public(algorithm).map(|(key, members)| (key, Sha256::digest(members).into())).ok_or(InvalidProof::Key)
    }

    /// The key, and the members that make it what it is in the form that is hashed.
    fn public(&self, algorithm: KeyAlgorithm) -> Option<(ProofKey, String)> {
        match (algorithm, self.kty.as_str(), self.crv.as_deref()) {
            (KeyAlgorithm::Es256, "EC", Some("P-256")) => {
                let (x, y) = (self.x.as_deref()?, self.y.as_deref()?);
                let point: Vec<u8> = [vec![4], coordinate(x)?.to_vec(), coordinate(y)?.to_vec()].concat();
                let key = ProofKey::P256(point.try_into().ok()?);
                Some((key, format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)))
            }
            (KeyAlgorithm::Ed25519, "OKP", Some("Ed25519")) => {
                let x = self.x.as_deref()?;
                let point = coordinate(x)?;
                // Under a key of small order a signature fits any message.
                let weak = ed25519_dalek::VerifyingKey::from_bytes(&point).ok().is_none_or(|key| key.is_weak());
                let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
                (!weak).then_some((ProofKey::Ed25519(point), members))
            }
            (KeyAlgorithm::Ps256 | KeyAlgorithm::Rs256, "RSA", _) => {
                let (n, e) = (self.n.as_deref()?, self.e.as_deref()?);
                let (modulus, exponent) = (URL_SAFE_NO_PAD.decode(n).ok()?, URL_SAFE_NO_PAD.decode(e).ok()?);
                let usual = modulus.len() <= MODULUS_BYTES_MAX && modulus.first() != Some(&0) && exponent == [1, 0, 1];
                let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
                usual.then_some((ProofKey::Rsa(modulus, exponent), members))
            }
            _ => None,
        }
    }
}

impl ProofKey {
    /// Whether the key signed the message with the algorithm.
    pub(super) fn verifies(&self, algorithm: KeyAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        let checked = match (self, algorithm) {
            (Self::P256(point), _) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Self::Ed25519(point), _) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
            (Self::Rsa(n, e), KeyAlgorithm::Ps256) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Self::Rsa(n, e), _) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        checked.is_ok()
    }
}

/// 32 bytes; the decoder takes one way to write them alone.
fn coordinate(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
